"""``anling plan``: check a plan, ask what would happen, lay it before a second person, put it in force, look back."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anling.bilingual import both
from anling.cli_sign import approve, propose
from anling.ledger_here import ledger_here
from anling.typed import bytes_in, instant, text_in, zone
from domain.clock import iso, wall_now
from domain.errors import ConfigurationError, NotFound
from escalation.durations import written

if TYPE_CHECKING:
    from domain.alerts import Subject
    from escalation.duty import Roster
    from escalation.plan import Plan
    from escalation.plan_check import Proof

plan = typer.Typer(no_args_is_help=True, help="Emergency plans.")
plan.command()(propose)
plan.command()(approve)
Base = Annotated[Path | None, typer.Option(help="the template's file, for a street's plan; default: the ledger's")]
AsJson = Annotated[bool, typer.Option("--json", help="for machines")]


@plan.command()
def check(
    file: Path,
    base: Base = None,
    site: Annotated[Path | None, typer.Option(help="a site file: is every role staffed for 14 days?")] = None,
    strict: Annotated[bool, typer.Option(help="hours without anybody on duty are an error too")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a plan file and prove it: every problem at once, in the file's own terms. Needs no settings."""
    from escalation.plan_check import prove

    try:
        checked = _plan_of(file, base)
    except ConfigurationError as wrong:
        if as_json:
            print(json.dumps({"version": None, "problems": wrong.problems}, ensure_ascii=False))
        raise
    proof = prove(checked)
    lacks, holes = [*checked.warnings, *(f"{file.name}: {f}" for f in proof.failures)], list(_holes(checked, site))
    if as_json:
        print(json.dumps({
            "version": checked.version, "problems": [], "lacks": lacks, "holes": holes,
            "until_120_s": proof.until_120, "silence_s": proof.silence,
        }, ensure_ascii=False))  # fmt: skip
    else:
        for lack in (*lacks, *holes):
            print("\n".join(both("!", lack)), file=sys.stderr)
        print("\n".join(_proved(checked, proof)))
    if lacks or (strict and holes):
        raise SystemExit(1)


@plan.command()
def explain(
    home: Annotated[str, typer.Option(help="a home of the register, or of the site file")],
    kind: Annotated[str, typer.Option()] = "sos",
    at: Annotated[str, typer.Option(help="2026-11-22T03:10, wall time unless a zone is given")] = "",
    rounds: Annotated[int, typer.Option(min=0, max=20, help="repetitions to show after the last step")] = 1,
    file: Annotated[Path | None, typer.Option("--plan", help="a plan file; default: the plan in force")] = None,
    base: Base = None,
    site: Annotated[Path | None, typer.Option(help="a site file in place of the ledger's register")] = None,
    given: Annotated[list[str] | None, typer.Option(help="what if it is so: step:access_failed, dementia")] = None,
    lang: Annotated[str, typer.Option(help="zh or en")] = "zh",
    as_json: AsJson = False,
) -> None:
    """Who would be contacted when, by which way and why, if nobody answered. Calls nobody."""
    from escalation.explained import as_json as in_json
    from escalation.explained import as_table
    from escalation.rehearsal import rehearse

    what, when = _kind(kind), instant(at) if at else wall_now()
    subject, roster, running = _scene(home, when, file, base, site)
    subject = replace(subject, facts=subject.facts | set(given or ()))
    run = rehearse(running, roster, subject, what, when, rounds)
    if as_json:
        print(json.dumps(in_json(run), ensure_ascii=False))
        return
    print("\n".join(as_table(run, "en" if lang.startswith("en") else "zh")))


@plan.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="A", help="a version or a file")] = "",
    new: Annotated[str, typer.Argument(metavar="B", help="a version or a file")] = "",
    street: Annotated[str | None, typer.Option(help="what this street changes in the district's plan")] = None,
    as_json: AsJson = False,
) -> None:
    """What differs between two plans, line by line, in the words of the plan."""
    from escalation.plan_diff import as_lines
    from escalation.plan_diff import diff as compare

    one, other = _of_street(street) if street else (_version_or_file(old), _version_or_file(new))
    changes = compare(one, other)
    if as_json:
        rows = [{"what": what, "was": was, "is": now} for what, was, now in changes]
        print(json.dumps({"a": one.version, "b": other.version, "changes": rows}, ensure_ascii=False))
        return
    print("\n".join([f"{one.version} -> {other.version}", *(as_lines(changes) or ["no difference"])]))


@plan.command("list")
def list_plans(as_json: AsJson = False) -> None:
    """Every approved plan and what waits for a second person."""
    from store import plans

    with ledger_here(upgrade=True) as ledger, ledger.reading() as tx:
        rows = [{k: iso(v) if isinstance(v, datetime) else v for k, v in row.items() if k != "text"}
                for row in plans.listed(tx)]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        signed = row.get("approved_by") or "nobody yet"
        print(f"{row['version']}  {row['street'] or 'district'}  {row['state']}  from {row.get('effective_from', '-')}"
              f"  proposed by {row.get('proposed_by') or '-'}, approved by {signed}")  # fmt: skip


@plan.command()
def replay(alert: str, as_json: AsJson = False) -> None:
    """Rebuild an alert from its timeline alone, and say whether the ledger holds just that. Exit status 1 if not."""
    from escalation.retrace import retrace

    with ledger_here(upgrade=True) as ledger, ledger.reading() as tx:
        found = retrace(tx, alert)
    if as_json:
        told = {name: [str(a), str(b)] for name, (a, b) in found.differences.items()}
        counted = {"decisions": found.decisions, "entries": found.alert.entries, "broken_at": found.broken_at}
        print(json.dumps({"alert": alert, "equal": found.equal, **counted, "differences": told}))
    else:
        verdict = "the ledger holds exactly what they make" if found.equal else "NOT what the ledger holds"
        print(f"{alert}: {found.decisions} decisions in {found.alert.entries} entries: {verdict}")
        for name, (stored, told_) in found.differences.items():
            print(f"! {name}: stored {stored}, told {told_}", file=sys.stderr)
        if found.broken_at is not None:
            print(f"! the hash chain breaks at entry {found.broken_at}", file=sys.stderr)
    if not found.equal:
        raise SystemExit(1)


# what the commands read


def _plan_of(file: Path, base: Path | None) -> "Plan":
    """A plan file; a street's over the template given, else over that of the ledger where one is configured."""
    from escalation.plan import parse_plan

    text = text_in(file)
    if base is not None:
        template = text_in(base)
        return parse_plan(text, file.name, lambda version: template if _said(template, "version") == version else None)
    if _said(text, "base") is None or not _has_ledger():
        return parse_plan(text, file.name)
    from store import plans

    with ledger_here(upgrade=True) as ledger, ledger.reading() as tx:
        return parse_plan(text, file.name, lambda version: plans.text_of(tx, version))


def _proved(checked: "Plan", proof: "Proof") -> tuple[str, ...]:
    """What the check has looked at and found, in both languages."""
    tracks, branches, gap = len(checked.tracks), len(checked.branches), written(checked.max_gap)
    return (
        f"{checked.version}：{tracks} 条线路，{branches} 条支线；任何等待不超过 {gap}",
        f"已按 {proof.cases} 种警情逐一推演（无人应答）：最迟 {proof.until_120:g} 秒呼叫 120，"
        f"最长 {proof.silence:g} 秒无人被呼叫",
        f"{checked.version}: {tracks} tracks, {branches} branches; nothing waits longer than {gap}",
        f"proved by running {proof.cases} sorts of alert with nobody answering: 120 is asked after"
        f" {proof.until_120:g} s at the latest, the longest silence is {proof.silence:g} s",
    )


def _said(text: str, key: str) -> object:
    from escalation.plan_lines import read_toml

    return read_toml(text)[0].get(key)


def _version_or_file(what: str) -> "Plan":
    from escalation.plan import parse_plan
    from store import plans

    if not what:
        raise ConfigurationError(["name two versions or files: anling plan diff A B; or --street CODE"])
    if Path(what).is_file():
        return _plan_of(Path(what), None)
    with ledger_here(upgrade=True) as ledger, ledger.reading() as tx:
        waiting = plans.proposal(tx, what)
        text = plans.text_of(tx, what) or (waiting[0].text if waiting else None)
        if text is None:
            raise NotFound(f"no file and no plan of version {what}")
        return parse_plan(text, what, lambda version: plans.text_of(tx, version))


def _of_street(street: str) -> tuple["Plan", "Plan"]:
    from escalation.standing import Standing

    with ledger_here(upgrade=True) as ledger, ledger.reading() as tx:
        standing, now = Standing(), wall_now()
        return standing.in_force(tx, now), standing.in_force(tx, now, street)


def _scene(
    home: str, at: datetime, file: Path | None, base: Path | None, site: Path | None
) -> tuple["Subject", "Roster", "Plan"]:  # fmt: skip
    """The home, the people and the plan: from files, or as the ledger has them at ``at``."""
    if site is not None:
        from anling.house import TEMPLATE
        from escalation.duty import Roster
        from store.site import parse_site
        from store.site_people import changes_in, home_in, people_in, teams_in

        read, running = parse_site(bytes_in(site), site.name), _plan_of(file or TEMPLATE, base)
        subject = home_in(read, home, running.asks)
        if subject is None:
            raise NotFound(f"no home {home} in {site.name}")
        return subject, Roster(people_in(read), teams_in(read), zone(), changes_in(read, zone())), running
    from escalation.scene import scene_of
    from escalation.standing import Standing

    given = _plan_of(file, base) if file else None
    with ledger_here(upgrade=True) as ledger, ledger.reading() as tx:
        standing = Standing(zone())
        if given is None and standing.since(tx) is None:
            given = _to_come()
        return scene_of(tx, standing, home, at, given)


def _to_come() -> "Plan":
    """The plan that the first start will put in force, for a ledger that no server has served yet."""
    from anling.house import TEMPLATE
    from anling.settings import read_settings

    return _plan_of(read_settings().plan or TEMPLATE, None)


def _holes(checked: "Plan", site: Path | None) -> Iterator[str]:
    """Hours in which nobody of a role is on duty; says so when there is no roster to look at."""
    from escalation.duty import Roster
    from escalation.plan_check import unstaffed

    if site is not None:
        from store.site import parse_site
        from store.site_people import changes_in, people_in, teams_in

        read = parse_site(bytes_in(site), site.name)
        roster = Roster(people_in(read), teams_in(read), zone(), changes_in(read, zone()))
        streets = [s.code for s in read.streets]
    elif _has_ledger():
        from escalation.standing import Standing
        from store.register import street_codes

        with ledger_here(upgrade=True) as ledger, ledger.reading() as tx:
            roster, streets = Standing(zone()).roster(tx), street_codes(tx)
    else:
        print("\n".join(both("!", "duty was not looked at: give a roster with --site FILE")), file=sys.stderr)
        return
    for gap in unstaffed(checked, roster, [checked.street] if checked.street else streets, wall_now()):
        begins, ends = (moment.astimezone(roster.zone).strftime("%m-%d %H:%M") for moment in (gap.start, gap.end))
        yield f"nobody on duty: {gap.role} for street {gap.street}, {begins} to {ends} ({gap.reason})"


def _has_ledger() -> bool:
    """Whether a ledger is configured and there, of this program's age: checking a plan makes and migrates none."""
    if not (os.environ.get("ANLING_DATABASE_URL") or os.environ.get("ANLING_DATA_DIR")):
        return False
    from anling.house import open_ledger
    from anling.settings import read_settings
    from store import schema
    from store.ledger import sqlite_path

    settings = read_settings()
    file = sqlite_path(settings.ledger_url)
    if file is not None and not file.is_file():
        return False
    ledger = open_ledger(settings)
    try:
        return schema.age(ledger) == schema.HEAD
    finally:
        ledger.close()


def _kind(word: str) -> Any:
    from domain.events import RAISING, Kind

    if word not in RAISING:
        raise ConfigurationError([f"--kind {word!r} raises no alert; write one of {', '.join(sorted(RAISING))}"])
    return Kind(word)

