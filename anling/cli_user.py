"""``anling user``: log-ins, their passwords and their one-time codes."""

import json
import sys
from typing import Annotated, Any

import typer

from anling.ledger_here import ledger_here

user = typer.Typer(no_args_is_help=True, help="Log-ins.")


@user.command("add")
def user_add(
    name: str,
    role: Annotated[str, typer.Option()],
    street: Annotated[list[str] | None, typer.Option(help="a street code; may be given several times")] = None,
    responder: Annotated[str | None, typer.Option(help="the responder this log-in belongs to")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin")] = False,
) -> None:
    """Create a log-in; the password comes from standard input."""
    password = _password(password_stdin)
    made = _accounts(lambda a: a.introduce(name, role, password, street or [], responder))
    for code in _accounts(lambda a: a.unknown_streets(street or [])) if street else ():
        print(f"! no street {code!r} in the register yet: {name} sees nothing until it is imported", file=sys.stderr)
    print(f"{'added' if made else 'there already:'} {name} ({role})")


@user.command("list")
def user_list(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """All log-ins, without their passwords."""
    rows = _accounts(lambda a: a.everybody())
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['name']}  {row['role']}  {','.join(row['streets'] or []) or 'all streets'}"
              f"{'  one-time codes' if row['totp'] else ''}{'  disabled' if row['disabled'] else ''}")  # fmt: skip


@user.command("disable")
def user_disable(name: str) -> None:
    """Shut a log-in and end its sessions."""
    _accounts(lambda a: a.disable(name))
    print(f"disabled {name}")


@user.command("passwd")
def user_passwd(name: str, password_stdin: Annotated[bool, typer.Option("--password-stdin")] = False) -> None:
    """Change a password; the log-in's sessions end."""
    password = _password(password_stdin)
    _accounts(lambda a: a.set_password(name, password))
    print(f"changed {name}")


@user.command("totp")
def user_totp(
    name: str,
    remove: Annotated[bool, typer.Option("--remove", help="the telephone is lost: no code from now on")] = False,
) -> None:
    """Ask for a one-time code besides the password; prints what an authenticator app scans, once."""
    if remove:
        _accounts(lambda a: a.ask_no_codes(name))
        print(f"{name} needs no one-time code any more")
        return
    import segno

    uri = _accounts(lambda a: a.ask_codes(name))
    segno.make(uri, error="m").terminal(compact=True)
    print(f"{uri}\n{name} needs a one-time code from now on; scan this once, it is not shown again")


def _accounts(work: Any) -> Any:
    from store.accounts import Accounts

    with ledger_here(upgrade=True) as ledger:
        return work(Accounts(ledger))


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
