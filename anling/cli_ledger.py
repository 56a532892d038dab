"""``anling backup``, ``restore`` and ``verify-ledger``: the whole ledger, copied, put back, and proved."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from anling.ledger_here import ledger_here
from anling.progress import progress


def backup(
    file: Path,
    with_key: Annotated[bool, typer.Option("--with-key", help="the key too: whoever has the file reads all")] = False,
) -> None:
    """Copy the whole ledger into one file while it serves, and read the file through."""
    from anling.backup import back_up
    from anling.settings import read_settings
    from domain.clock import wall_now

    settings = read_settings()
    made = back_up(settings, file, with_key, wall_now())
    print(f"{file}: {made.alerts} alerts ({made.open} open), {made.entries} entries, {made.homes} homes; read through")
    if with_key:
        print("the key is IN it: keep the file as you keep the key")
    else:
        print(f"the key is NOT in it: it is {_where(settings)}; without it nobody can read this backup, keep it apart")


def restore(
    file: Path,
    replace: Annotated[bool, typer.Option("--replace", help="although there is a ledger; it is set aside")] = False,
) -> None:
    """Put a backup in the ledger's place; refuses a ledger in use, another key, a newer schema."""
    from anling.backup import restore as put_back
    from anling.backup import told
    from anling.settings import read_settings
    from domain.clock import wall_now

    print("\n".join(told(put_back(read_settings(), file, replace, wall_now()))))


def _where(settings: Any) -> str:
    from anling.key_file import place

    return "in ANLING_SECRET_KEY" if settings.secret_key else str(place(settings.data_dir))


def verify_ledger(as_json: Annotated[bool, typer.Option("--json", help="for machines")] = False) -> None:
    """Rebuild every alert from its timeline, follow every chain of hashes, compare every day's signed head.

    Signs the days that are over. Exit status 1 when something is not as it was written.
    """
    from domain.clock import wall_now
    from escalation.looking_over import look_over
    from store import pulses

    with ledger_here() as ledger:
        with ledger.reading() as tx:
            now = min(wall_now(), pulses.saved_time(tx) or wall_now())
        found = look_over(ledger, now, lambda done: progress(f"{done} alerts", done, 1000))
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
