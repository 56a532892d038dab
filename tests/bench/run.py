"""Measures what the house can carry, beside the raw limits of the same machine in the same run.

    .venv/bin/python tests/bench/run.py                    # full: 3 rounds, both databases, <= 25 min
    .venv/bin/python tests/bench/run.py --quick            # 1 round, shorter loads, <= 3 min
    .venv/bin/python tests/bench/run.py --only storm,kill  # some of the scenarios
    .venv/bin/python tests/bench/run.py --json out.json --doc docs/measurements.md
    .venv/bin/python tests/bench/run.py --render out.json --doc docs/measurements.md  # only the text, again

``--database sqlite|postgresql|both``, ``--rounds N``, ``--minutes N`` (no measurement starts after them),
``--subject anling|ref|paho`` (one program only), ``--tiny`` (tries the bench itself), ``--keep`` (logs stay).
Another installation is measured with ``BENCH_ANLING=/path/to/anling``. Needs mosquitto and gcc.
Exit status 1 when a promise was not kept or nothing could be measured.
"""

import argparse
import json
import math
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import report
from scenarios import FULL, QUICK, SCENARIOS, TINY, Bench, Figures
from stage import HERE, Stage, disk_flushes
from subjects import Grounds, Subject

#: scenarios that a second round adds nothing to
ONCE = ("idle", "consoles", "timers", "checkins")
#: quick: the raw limit is measured beside these only, PostgreSQL on these only
QUICK_RAW = ("storm", "telemetry")
QUICK_POSTGRES = ("latency",)


def main() -> int:
    """Measure or render; the exit status."""
    options = _options()
    # a polite end also ends the broker, the sink and the database
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    record = json.loads(options.render.read_text()) if options.render else _measure(options)
    report.show(record)
    if options.json:
        options.json.write_text(json.dumps(record, indent=1, ensure_ascii=False))
    if options.doc:
        options.doc.write_text(report.markdown(record) + _proof(options.doc), encoding="utf-8")
    return 1 if report.missed(record) or not report.rows(record) else 0


def _proof(doc: Path) -> str:
    """What ``make prove`` has written into the document stays as it is."""
    _, mark, kept = doc.read_text("utf-8").partition("<!-- proof -->") if doc.exists() else ("", "", "")
    return f"\n{mark}{kept}" if mark else ""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SCENARIOS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--subject", choices=("anling", "ref", "paho"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--doc", type=Path)
    parser.add_argument("--render", type=Path)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.only) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return options


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    brief = options.quick or options.tiny
    rounds = options.rounds or (1 if brief else 3)
    until = time.monotonic() + 60 * (options.minutes or (3 if brief else 25))
    size = TINY if options.tiny else QUICK if options.quick else FULL
    with Stage(options.keep) as stage:
        record = _head(stage, rounds, options)
        bench = Bench(Grounds(stage, size.homes), stage.sink, size, stage.build_slow_fsync())
        plan = list(_plan(options, rounds))
        record["import"] = _import(
            bench, {subject.database for _, _, subject in plan if subject.program == "anling"}
        )
        for done, (number, scenario, subject) in enumerate(plan):
            if time.monotonic() > until:
                print(f"time is up; {len(plan) - done} of {len(plan)} measurements were not made", flush=True)
                record["rounds"] = f"{number - 1} whole of {rounds}"
                break
            print(f"[{done + 1}/{len(plan)}] round {number} {scenario} {subject} … ", end="", flush=True)
            record["runs"].append(
                {"round": number, "scenario": scenario, "subject": str(subject)}
                | _run(bench, scenario, subject)
            )
        if options.keep:
            print(f"logs and data: {stage.folder}")
    record["load_end"] = _load()
    return record


def _plan(options: argparse.Namespace, rounds: int) -> Iterator[tuple[int, str, Subject]]:
    """(round, scenario, subject): the subjects of a scenario in turn, in another order each round."""
    for number in range(1, rounds + 1):
        for scenario in options.only:
            subjects = [each for each in _subjects(scenario, options.quick) if _wanted(each, options)]
            if number == 1 or scenario not in ONCE:
                turn = number % max(1, len(subjects))
                yield from ((number, scenario, subject) for subject in subjects[turn:] + subjects[:turn])


def _subjects(scenario: str, quick: bool) -> list[Subject]:
    raw = {"telemetry": ["paho"], "idle": [], "consoles": [], "timers": [], "checkins": []}.get(scenario, ["ref"])
    found = [Subject(program, "sqlite") for program in raw if not quick or scenario in QUICK_RAW]
    found.append(Subject("anling", "sqlite"))
    # the slow disk is a shim in front of our own process; PostgreSQL flushes in another
    if scenario != "fsync" and (not quick or scenario in QUICK_POSTGRES):
        found.append(Subject("anling", "postgresql"))
    return found


def _wanted(subject: Subject, options: argparse.Namespace) -> bool:
    database = (
        options.database == "both" or subject.database == options.database or subject.program != "anling"
    )
    return database and options.subject in (None, subject.program)


def _import(bench: Bench, databases: set[str]) -> dict[str, float]:
    rates = {}
    for database in sorted(databases, reverse=True):
        print(f"importing {bench.size.homes:,} homes into {database} … ", end="", flush=True)
        try:
            rates[database] = bench.grounds.prepare(database)
        except RuntimeError as error:
            # the raw limits are still worth measuring
            print(f"FAILED: {error}", flush=True)
        else:
            print(f"{rates[database]:,.0f} homes/s", flush=True)
    return rates


def _run(bench: Bench, scenario: str, subject: Subject) -> dict[str, Any]:
    """One measurement; one that fails is noted and the others go on."""
    start = time.monotonic()
    try:
        figures = SCENARIOS[scenario](bench, subject)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"FAILED: {error}", flush=True)
        return {"figures": {}, "error": str(error)}
    print(f"{time.monotonic() - start:.0f} s: {_brief(figures)}", flush=True)
    missing = None if figures else "the server shows no anling_telemetry_stored_total in /metrics"
    return {"figures": {name: _finite(value) for name, value in figures.items()}, "error": missing}


def _brief(figures: Figures) -> str:
    return " ".join(f"{name}={value:.4g}" for name, value in figures.items()) or "not measurable"


def _finite(value: float) -> float | None:
    """JSON knows no infinity: None means never."""
    return None if math.isinf(value) else round(value, 4)


def _head(stage: Stage, rounds: int, options: argparse.Namespace) -> dict[str, Any]:
    sizes = {"tiny": options.tiny, "quick": options.quick, "full": True}
    return {
        "date": datetime.now().astimezone().isoformat(timespec="minutes"),
        "revision": _words(["git", "rev-parse", "--short", "HEAD"]),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "software": _software(),
        "load_start": _load(),
        "load_end": "",
        "rounds": rounds,
        "size": next(name for name, chosen in sizes.items() if chosen),
        "disk": disk_flushes(stage.folder),
        "import": {},
        "runs": [],
    }


def _load() -> str:
    return " ".join(f"{each:.2f}" for each in os.getloadavg())


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _software() -> str:
    broker = _words(["/usr/sbin/mosquitto", "-h"]).splitlines()[0]
    return f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {broker}"


def _words(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, cwd=HERE, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
