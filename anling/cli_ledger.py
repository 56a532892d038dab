"""``anling verify-ledger``: is everything in the ledger as it was written?"""

import json
import sys
from typing import Annotated

import typer

from anling.ledger_here import ledger_here


def verify_ledger(as_json: Annotated[bool, typer.Option("--json", help="for machines")] = False) -> None:
    """Rebuild every alert from its timeline, follow every chain of hashes, compare every day's signed head.

    Signs the days that are over. Exit status 1 when something is not as it was written.
    """
    from domain.clock import wall_now
    from escalation.looking_over import look_over
    from store import pulses

    def told(done: int) -> None:
        if sys.stderr.isatty() or done % 1000 == 0:
            print(f"{done} alerts", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)

    with ledger_here() as ledger:
        with ledger.reading() as tx:
            now = min(wall_now(), pulses.saved_time(tx) or wall_now())
        found = look_over(ledger, now, told)
    newest = max(found.heads, default=None)
    if as_json:
        print(json.dumps({
            "whole": found.whole, "alerts": found.alerts, "entries": found.entries,
            "wrong": [{"where": where, "what": what} for where, what in found.wrong],
            "heads": {str(day): head for day, head in found.heads.items()}, "signed": [str(d) for d in found.signed],
        }))  # fmt: skip
    else:
        for where, what in found.wrong:
            print(f"! {where}: {what}", file=sys.stderr)
        verdict = "all as they were written" if found.whole else f"{len(found.wrong)} NOT as they were written"
        print(f"{found.alerts} alerts, {found.entries} entries: {verdict}; {len(found.signed)} days signed")
        if newest is not None:
            print(f"head of {newest}: {found.heads[newest]}")
    if not found.whole:
        raise SystemExit(1)
