"""``anling device``: give a device its log-in, show it as a QR code, shut it out."""

import json
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from anling.ledger_here import ledger_here
from domain.clock import wall_now
from domain.errors import ConfigurationError

device = typer.Typer(no_args_is_help=True, help="Devices.")


@device.command()
def provision(
    id: Annotated[str | None, typer.Argument(help="made up when not given")] = None,
    home: Annotated[str, typer.Option()] = "",
    role: Annotated[str, typer.Option()] = "sos_button",
    gateway: Annotated[str | None, typer.Option(help="the gateway that speaks for it")] = None,
    qr: Annotated[Path | None, typer.Option(help="write the QR code here (.svg or .png)")] = None,
    certificate: Annotated[Path | None, typer.Option(help="folder for the device's certificate and key")] = None,
    authority: Annotated[Path, typer.Option(help="the authority's folder")] = Path("deploy/certs"),
) -> None:
    """Register a device of a home; prints its secret, once, and a QR code on a terminal."""
    from store.log_ins import certify
    from store.register import Register

    if not home:
        raise ConfigurationError(["--home: name the home that the device stands in"])
    name = id or f"dev-{secrets.token_hex(5)}"
    secret = secrets.token_urlsafe(18)
    told = {"id": name, "username": name, "secret": secret, "home": home, "role": role}
    with ledger_here(upgrade=True) as ledger:
        signer = _authority(authority) if certificate else None
        Register(ledger).add_device(name, home, role, gateway, secret)
        if signer is not None and certificate is not None:
            certify(ledger, name, signer.sign_device(name, certificate, wall_now()), wall_now())
            told["certificate"] = str(certificate / f"{name}.crt")
    print(json.dumps(told))
    _draw(told, qr)


@device.command()
def revoke(id: str) -> None:
    """Shut a device or hub out: neither password nor certificate counts once the broker has the new files."""
    from store.log_ins import shut_out

    with ledger_here(upgrade=True) as ledger:
        shut_out(ledger, id, wall_now())
    print(f"revoked {id}; `anling broker render` tells the broker")


@device.command()
def secret(id: str, qr: Annotated[Path | None, typer.Option(help="write the QR code here")] = None) -> None:
    """Another secret for a device or hub that is known (lost, or shut out before); prints it, once."""
    from store.log_ins import let_in

    made = secrets.token_urlsafe(18)
    with ledger_here(upgrade=True) as ledger:
        let_in(ledger, id, made, wall_now())
    told = {"id": id, "username": id, "secret": made}
    print(json.dumps(told))
    _draw(told, qr)


def _draw(told: dict[str, str], qr: Path | None) -> None:
    """The log-in as a QR code for the installer's app: into a file, and on a terminal."""
    import segno

    code = segno.make(json.dumps({"v": 1, "id": told["id"], "secret": told["secret"]}), error="m")
    if qr is not None:
        qr.touch(mode=0o600)
        code.save(str(qr), scale=6)
    if sys.stdout.isatty():
        code.terminal(compact=True)


def _authority(folder: Path) -> "Authority":  # type: ignore[name-defined]  # noqa: F821 - imported when needed
    from broker_bridge.certificates import Authority

    return Authority(folder)
