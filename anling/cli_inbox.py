"""``anling inbox``: what could not be read, and reading it again after a decoder was mended."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from anling.ledger_here import ledger_here

if TYPE_CHECKING:
    from anling.house import House

inbox = typer.Typer(no_args_is_help=True, help="Messages that came in; the unreadable ones.")
_Json = Annotated[bool, typer.Option("--json")]


@inbox.command("list")
def inbox_list(
    limit: Annotated[int, typer.Option(min=1, max=500)] = 100,
    everything: Annotated[bool, typer.Option("--all", help="not only what could not be read")] = False,
    as_json: _Json = False,
) -> None:
    """What lies in quarantine: the reason, never the bytes; newest first."""
    from store import inbox as kept

    with _house() as house, house.ledger.reading() as tx:
        rows = kept.listed_rows(tx, limit, unread_only=not everything)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, default=str))
        return
    for row in rows:
        print(f"{row['id']}  {row['received_at']:%Y-%m-%d %H:%M:%S}  {row['outcome']:<10}  {row['kind']:<10}  "
              f"{row['device_id'] or '-'}  {row['topic']}  {row['reason'] or ''}")  # fmt: skip
    print(f"{len(rows)} shown")


@inbox.command("replay")
def inbox_replay(
    ids: Annotated[list[str] | None, typer.Argument(help="rows; without any: everything that is unread")] = None,
    as_json: _Json = False,
) -> None:
    """Read again with the decoders of today. What is understood now is judged, once, and marked late."""
    with _house() as house:
        found = house.reread()(ids or None)
    told = {"tried": found.tried, "understood": found.understood, "alerts": list(found.alerts)}
    print(json.dumps(told) if as_json else f"tried {found.tried}, understood {found.understood}, "
          f"alerts: {', '.join(found.alerts) or 'none'}")  # fmt: skip


@contextmanager
def _house() -> "Iterator[House]":
    """The house on this installation's ledger."""
    from anling.house import House
    from anling.settings import read_settings

    settings = read_settings()
    with ledger_here(settings, upgrade=True) as ledger:
        house = House(settings, ledger)
        house.enforce_plan()
        yield house
