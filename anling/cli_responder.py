"""``anling responder``: what a responder has besides the register's entry: a code of the person's own."""

import sys
from typing import Annotated

import typer

from anling.ledger_here import ledger_here

responder = typer.Typer(no_args_is_help=True, help="Responders.")


@responder.command()
def pin(
    id: str,
    pin_stdin: Annotated[bool, typer.Option("--pin-stdin", help="six digits from standard input")] = False,
) -> None:
    """Set the person's own six-digit code, by which an answer from another telephone is believed."""
    from domain.clock import wall_now
    from domain.errors import NotFound
    from store import pins, register

    code = sys.stdin.readline().strip() if pin_stdin else typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    with ledger_here() as ledger, ledger.transaction() as tx:
        if id not in register.people(tx).responders:
            raise NotFound(f"no responder {id!r} in the register; import it first")
        pins.set_pin(tx, id, code, wall_now())
    print(f"set the code of {id}")
