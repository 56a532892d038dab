"""``anling duty``: who is on tonight, and where nobody is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer

from anling.ledger_here import ledger_here
from domain.errors import ConfigurationError
from domain.people import Scope

duty = typer.Typer(help="Who is on duty, and where nobody is.")
_EVERYBODY = Scope("command line", "administrator")
#: the words of the report, Chinese first
_REASONS = {
    "no_team": "无班组 no team", "no_shift": "无人排班 no shift", "taken_off": "已撤班 taken off",
    "away": "请假无代班 away, no deputy", "no_contact": "无联系方式 no contact",
    "no_channel": "渠道未配置 channel not configured", "refused": "号码无效或退订 number refused",
}  # fmt: skip
_CONFIDENCE = {
    "statutory": "只知法定节假日 statutory days only",
    "weekdays": "未知，按周一至周五 unknown, Monday to Friday",
}


@duty.callback(invoke_without_command=True)
def on_duty(
    context: typer.Context,
    at: Annotated[str | None, typer.Option(help="2026-11-22T03:10 in the zone of duty; default: now")] = None,
    street: Annotated[str | None, typer.Option(help="a street code; default: all")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Who is (was, will be) on duty, for each role and street."""
    if context.invoked_subcommand is not None:
        return
    with _rota() as (rota, zone, now):
        told = rota.on(_EVERYBODY, _moment(at, zone) if at else now, street)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"{datetime.fromisoformat(told['at']).astimezone(zone):%Y-%m-%d %H:%M %Z}")
    for row in told["items"]:
        people = "、".join(f"{p['name']} ({p['id']})" for p in row["people"])
        print(f"  {row['street'] or '-':<12} {row['role']:<16} {people or '✗ 无人值守 nobody'}")


@duty.command()
def coverage(
    days: Annotated[float, typer.Option(min=0.1, max=62)] = 14,
    street: Annotated[str | None, typer.Option(help="a street code; default: all")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Hours with nobody, people nobody can reach, contacts nobody proved. Exit status 1 when an hour has nobody."""
    with _rota() as (rota, zone, _):
        told = rota.coverage(_EVERYBODY, days, street)
    print(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(_lines(told, zone)))
    if told["gaps"]:
        raise SystemExit(1)


def _lines(told: dict[str, Any], zone: Any) -> Iterator[str]:
    def clock(text: str) -> str:
        return f"{datetime.fromisoformat(text).astimezone(zone):%m-%d %H:%M}"

    yield f"无人值守 gaps: {len(told['gaps'])}"
    for gap in told["gaps"]:
        where, why = gap["street"] or "全区 all streets", _REASONS[gap["reason"]]
        yield f"  {clock(gap['from'])} – {clock(gap['until'])}  {where}  {gap['role']}  {why}"
    yield f"无法联系 without a working contact: {len(told['without_contact'])}"
    for person in told["without_contact"]:
        yield f"  {person['responder']}  {person['role']}  {_REASONS[person['reason']]}"
    yield f"未验证的联系方式 contacts never proved: {len(told['unproved'])}"
    for person in told["unproved"]:
        yield f"  {person['responder']}  {person['channel']}"
    for year in told["calendar"]:
        if year["confidence"] != "official":
            yield f"! {year['year']} 节假日 holidays: {_CONFIDENCE[year['confidence']]}"
            yield "  请在站点文件 holidays 中补充 add the days to holidays of the site file"


def _moment(text: str, zone: Any) -> datetime:
    try:
        said = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError([f"--at: {text!r} is no moment; write 2026-11-22T03:10"]) from error
    return said if said.tzinfo else said.replace(tzinfo=zone)


@contextmanager
def _rota() -> Iterator[Any]:
    from zoneinfo import ZoneInfo

    from anling.settings import read_settings
    from domain.clock import EngineClock
    from escalation.rota import Rota
    from escalation.standing import Standing

    settings = read_settings()
    with ledger_here(settings) as ledger:
        zone, clock = ZoneInfo(settings.timezone), EngineClock()
        yield Rota(ledger, Standing(zone), clock, lambda point: True), zone, clock.now()
