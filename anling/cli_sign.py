"""``anling plan propose`` and ``approve``: two people sign, each with the password of their own log-in."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anling.bilingual import both
from anling.ledger_here import ledger_here
from anling.typed import instant, text_in
from domain.clock import EngineClock
from domain.errors import ConfigurationError, Refused

if TYPE_CHECKING:
    from domain.people import Scope
    from store.ledger import Ledger

From = Annotated[str | None, typer.Option("--from", help="in force from: a date, or an instant; default: at once")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="passwords from standard input, a line each: --by, then --proposed-by")
]
Code = Annotated[str | None, typer.Option("--totp", help="the one-time code of --by, where the log-in asks for one")]


def propose(
    file: Path, by: Annotated[str, typer.Option(help="whose plan it is: a log-in")], from_stdin: FromStdin = False,
    totp: Code = None,
) -> None:  # fmt: skip
    """Lay a plan before a second person. A plan with an error is refused whole; the running one stays."""
    with ledger_here(upgrade=True) as ledger:
        said = _signing(ledger).propose(_signer(ledger, by, from_stdin, totp), text_in(file), file.name)
    _warn(said)
    print(f"{said['version']} proposed by {by}; a second person: anling plan approve {said['version']} --by NAME")


def approve(
    what: Annotated[str, typer.Argument(metavar="VERSION|FILE")],
    by: Annotated[str, typer.Option(help="the second person's log-in; never the proposer's")],
    start: From = None,
    proposed_by: Annotated[str | None, typer.Option(help="proposes the file in the same step")] = None,
    from_stdin: FromStdin = False,
    totp: Code = None,
) -> None:
    """Put a proposed plan in force, from a date on, by a second person. Alerts keep the plan they were raised with."""
    with ledger_here(upgrade=True) as ledger:
        signing, second = _signing(ledger), _signer(ledger, by, from_stdin, totp)
        version, text = what, None
        if Path(what).is_file():
            text = text_in(Path(what))
            version = _version_of(ledger, text, Path(what).name)
            if proposed_by:
                # The first signature stands alone when the second is refused: nothing is in force by it.
                _warn(signing.propose(_signer(ledger, proposed_by, from_stdin, None), text, Path(what).name))
        said = signing.approve(second, version, instant(start) if start else None, text)
    where = f"street {said['street']}" if said["street"] else "the district"
    print(f"{said['version']} approved by {by}: in force for {where} from {said['effective_from']}")


def _signer(ledger: "Ledger", name: str, from_stdin: bool, totp: str | None) -> "Scope":
    """The person behind a log-in, proved by the password. Before the first administrator or supervisor: the name."""
    from domain.people import Scope
    from store.accounts import Accounts
    from store.signers import anybody_signs, signer

    with ledger.reading() as tx:
        if anybody_signs(tx):
            return Scope(name, "administrator")
        if signer(tx, name) is None:
            raise Refused(f"{name} is no administrator or supervisor here; see `anling user list`")
    return Accounts(ledger).proved(name, _password(name, from_stdin), totp)


def _password(name: str, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise ConfigurationError([f"the password of {name} is needed: give it with --password-stdin"])
    return str(typer.prompt(f"password of {name}", hide_input=True))


def _signing(ledger: "Ledger") -> Any:
    from escalation.signing import Signing

    return Signing(ledger, EngineClock())


def _version_of(ledger: "Ledger", text: str, name: str) -> str:
    from escalation.plan import parse_plan
    from store import plans

    with ledger.reading() as tx:
        return parse_plan(text, name, lambda version: plans.text_of(tx, version)).version


def _warn(said: dict[str, Any]) -> None:
    for warning in said["warnings"]:
        print("\n".join(both("!", warning)), file=sys.stderr)
