"""The drill runner: presses a simulated button and judges, as an outsider, whether a person came.

``python -m simulators.drill button --api http://127.0.0.1:8080 --mqtt mqtt://127.0.0.1:1883
--world http://127.0.0.1:9000 --site site.json --user NAME --password-file F [--time-scale 0.05] [--json]``
"""

import argparse
import json
import signal
import sys
import time
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from simulators.doors import DoorClosed
from simulators.drillfile import BadDrill, parse_drill
from simulators.hush import Hush
from simulators.judge import Tolerance, judge
from simulators.practice import fresh
from simulators.rehearsal import DrillSettings, Rehearsal
from simulators.scenario import Drill
from simulators.sitefile import BadSite, Site, read_site
from simulators.verdict import Verdict

__all__ = ["DRILLS", "DrillSettings", "Verdict", "find_drill", "load_drill", "main", "run"]

#: Where the drills that come with the product live.
DRILLS = Path(__file__).parent.parent / "drills"
#: Real seconds by which something may seem early, because two clocks are read.
_EARLY_S = 0.05


def find_drill(name: str) -> Path:
    """The file of a drill by name (``button``) or path. Raises BadDrill with the names there are."""
    for file in (Path(name), DRILLS / f"{name}.toml"):
        if file.is_file():
            return file
    known = ", ".join(sorted(file.stem for file in DRILLS.glob("*.toml")))
    raise BadDrill([f"{name}: 没有这个演练 / no such drill: give a file or one of: {known}"])


def load_drill(name: str) -> Drill:
    """Read a drill by name or path. Raises BadDrill with all faults at once."""
    file = find_drill(name)
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadDrill([f"{file}: 读不懂 / cannot be read: {error}"]) from error
    return parse_drill(raw, str(file))


def run(drill: Drill, settings: DrillSettings) -> Verdict:
    """Run a drill and judge it. Closes what it opened, also when it fails.

    Raises BadDrill or BadSite when it cannot start; afterwards every trouble is a finding of the verdict.
    """
    drill, site = fresh(drill, read_site(settings.site))
    settings = replace(settings, time_scale=1.0) if drill.wall else settings
    errors = list(_misfits(drill, site))
    if errors:
        raise BadDrill(errors)
    began = time.monotonic()
    rehearsal = Rehearsal(drill, settings, site)
    try:
        rehearsal.perform()
    except (DoorClosed, ValueError) as error:
        rehearsal.fault(str(error))
    finally:
        rehearsal.clean_up()
    tolerance = Tolerance(_EARLY_S / settings.time_scale, settings.slack_s / settings.time_scale)
    findings = judge(drill, rehearsal.watch.record(), tolerance)
    alerts = tuple(rehearsal.watch.alerts)
    verdict = Verdict(drill, (*findings, *rehearsal.faults), alerts, time.monotonic() - began)
    rehearsal.file(verdict.filed())
    return verdict


def _misfits(drill: Drill, site: Site) -> Iterable[str]:
    """Names in the drill that the site file does not know."""
    for home in drill.homes:
        if home not in site.homes:
            yield f"{drill.name}: homes: {home} 不在站点文件 / is not in the site file"
    for device in drill.devices():
        if device not in site.devices:
            yield f"{drill.name}: press: {device} 不在站点文件 / is not an anling device of the site file"
        elif site.devices[device].home not in drill.homes:
            yield f"{drill.name}: press: {device} 不属于 homes / is in none of the homes: add its home"
    for who in drill.behaviour:
        if who not in site.roles and who not in drill.people:
            yield f"{drill.name}: behaviour: {who} 不在站点文件 / is not a responder of the site file"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. 0: passed, 1: not passed, 2: could not start."""
    options = _parser().parse_args(arguments)
    # Told to stop, it still closes what it opened.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        drill = load_drill(options.drill)
        with Hush(options.hush):
            verdict = run(drill, _settings(options))
    except (BadDrill, BadSite, ValueError, OSError) as error:
        print(error, file=sys.stderr, flush=True)
        return 2
    print(json.dumps(verdict.as_json(), ensure_ascii=False) if options.json else verdict.text(), flush=True)
    return 0 if verdict.passed else 1


def _settings(options: argparse.Namespace) -> DrillSettings:
    return DrillSettings(
        api=options.api,
        mqtt=options.mqtt,
        world=options.world,
        site=options.site,
        user=options.user,
        password=_secret(options.password_file),
        time_scale=options.time_scale,
        slack_s=options.slack,
        accounts=dict(_account(one) for one in options.account),
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )


def _account(option: str) -> tuple[str, str]:
    name, _, file = option.partition("=")
    return name, _secret(Path(file))


def _secret(file: Path) -> str:
    return file.read_text("utf-8").strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("simulators.drill", description="演练 / run a drill and judge it")
    parser.add_argument("drill", help="名称或文件 / a name (button …) or a TOML file")
    parser.add_argument("--api", default="http://127.0.0.1:8080")
    parser.add_argument("--mqtt", default="mqtt://127.0.0.1:1883")
    parser.add_argument("--world", default="http://127.0.0.1:9000")
    parser.add_argument("--site", type=Path, required=True, help="站点文件 / site file")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--account", action="append", default=[], metavar="NAME=FILE", help="further log-ins")
    parser.add_argument("--time-scale", type=float, default=1.0, help="real seconds per plan second")
    parser.add_argument("--slack", type=float, default=0.5, help="real seconds a thing may be late")
    parser.add_argument("--hush", type=Path, help="演练期间放此文件 / a file that keeps the street still")
    parser.add_argument("--json", action="store_true", help="结论用 JSON / the verdict as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
