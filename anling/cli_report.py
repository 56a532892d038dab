"""``anling report``: the figures of the whole district, for people, for machines and for spreadsheets."""

import json
from typing import Annotated

import typer

from anling.ledger_here import ledger_here


def report(
    name: Annotated[str, typer.Argument(help="response_times, alerts, checkins, coverage or protection")],
    days: Annotated[int, typer.Option(min=1, max=400, help="how far back (coverage: ahead)")] = 30,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    as_csv: Annotated[bool, typer.Option("--csv")] = False,
) -> None:
    """How fast somebody came, how alerts ended, who was missed, which hours have nobody, who is protected."""
    from anling.house import House
    from anling.settings import read_settings
    from domain.people import Scope
    from escalation.rota import Rota
    from records import reports

    settings = read_settings()
    with ledger_here(settings) as ledger:
        house = House(settings, ledger)
        rota = Rota(ledger, house.standing, house.clock, lambda point: True)
        work = reports.Reports(ledger, house.clock, house.zone, rota.coverage)
        found = work.report(Scope("command line", "administrator"), name, days)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    elif as_csv:
        print(reports.as_csv(found), end="")
    else:
        print(f"{found['name']}  {found['from']} - {found['until']}")
        for item in found["items"]:
            print("  ".join(f"{key}={'-' if value is None else value}" for key, value in item.items()))
