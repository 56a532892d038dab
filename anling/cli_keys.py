"""``anling keys rotate``: another secret key, while presses go on."""

import sys
from typing import Annotated

import typer

from anling.ledger_here import ledger_here
from anling.progress import progress

keys = typer.Typer(no_args_is_help=True, help="The secret key.")


@keys.callback()
def _group() -> None:
    """The secret key."""


@keys.command("rotate")
def keys_rotate(
    leaked: Annotated[bool, typer.Option("--leaked", help="links signed with the old key end at once")] = False,
) -> None:
    """Seal everything under a new key; killed in the middle it goes on when typed again."""
    from anling.rotation import rotate
    from anling.settings import read_settings

    settings = read_settings()
    with ledger_here(settings) as ledger:
        done = rotate(settings, ledger, leaked, lambda column, n: progress(f"{column}: {n}", n, 10_000))
    print(f"{done.values} values sealed anew")
    if done.unreadable:
        print(f"! {done.unreadable} values open with no key known here: they were lost before", file=sys.stderr)
    if not done.ended:
        print(f"not ended: put what is in {done.new_key} into ANLING_SECRET_KEY of every process, restart them, then"
              " type `anling keys rotate` once more; until then both keys open everything")  # fmt: skip
        return
    print("ended: the old key opens nothing any more, except backups of before")
    if done.old_key:
        print(f"it is kept in {done.old_key}: move it to where those backups are; the new one is in secret.key")
