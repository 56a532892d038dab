"""The one command line (wire.md section 6). Heavy rooms are imported only by the commands that need them."""

import gc
import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from anling.bilingual import both
from anling.cli_broker import broker
from anling.cli_decode import decode
from anling.cli_device import device
from anling.cli_duty import duty
from anling.cli_inbox import inbox
from anling.cli_keys import keys
from anling.cli_ledger import backup, restore, verify_ledger
from anling.cli_plan import plan
from anling.cli_report import report
from anling.cli_responder import responder
from anling.cli_user import user
from anling.ledger_here import ledger_here
from anling.typed import bytes_in
from domain.errors import AnlingError, ConfigurationError

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="安铃 Anling: a press at home, and a person comes.",
)
db = typer.Typer(no_args_is_help=True, help="The ledger's schema.")
drill = typer.Typer(no_args_is_help=True, help="Drills.")
for name, group in (
    ("db", db), ("plan", plan), ("drill", drill), ("user", user), ("device", device), ("broker", broker),
    ("inbox", inbox), ("duty", duty), ("responder", responder), ("keys", keys),
):  # fmt: skip
    cli.add_typer(group, name=name)


def main() -> None:
    """Run a command; what an operator must do next is printed without a traceback."""
    try:
        cli()
    except ConfigurationError as error:
        _fail(*(line for problem in error.problems for line in both("✗", problem)))
    except AnlingError as error:
        _fail(*both("✗", str(error)))


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        print(line, file=sys.stderr)
    raise SystemExit(2)


@cli.command()
def serve() -> None:
    """Everything in one process; migrates first; SQLite and an embedded broker unless told otherwise."""
    _serve(frozenset({"bridge", "engine", "api"}))


@cli.command()
def bridge() -> None:
    """Only the bridge between the broker and the ledger."""
    _serve(frozenset({"bridge"}))


@cli.command()
def engine() -> None:
    """Only the engine and the senders."""
    _serve(frozenset({"engine"}))


@cli.command()
def api() -> None:
    """Only the API and the console."""
    _serve(frozenset({"api"}))


@cli.command()
def watch(
    retire: Annotated[str | None, typer.Option(help="a watch (its instance) that will not come back")] = None,
) -> None:
    """The auditor, the probe and the dead-man's switch; a process of its own, beside all others."""
    from anling.doubting import retire as let_go
    from anling.doubting import run_watch
    from anling.logs import set_up
    from anling.settings import read_settings

    settings = read_settings()
    set_up(settings.log_level)
    if retire is None:
        run_watch(settings)
    elif let_go(settings, retire):
        print(f"retired {retire}")
    else:
        _fail(f"✗ no watch {retire!r} has run here")


def _hurry() -> None:
    """Come up fast: after a crash somebody may be waiting. Imports make no garbage worth collecting."""
    gc.disable()
    # structlog would take in rich (a tenth of the whole start) for coloured tracebacks that are never printed.
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]


def _serve(rooms: frozenset[str]) -> None:
    _hurry()
    from anling.logs import Voice, set_up
    from anling.processes import Started, run
    from anling.settings import read_settings

    settings = read_settings()
    set_up(settings.log_level)
    voice = Voice(sys.stdout)

    def ready(started: Started) -> None:
        from broker_bridge.settings import BridgeSettings

        if started.port is not None:
            print(f"安铃 Anling: {settings.where}", file=voice)
        if started.broker_url is not None:
            address = BridgeSettings(started.broker_url, started.broker_url).alarm_url.rpartition("@")[2]
            print(f"MQTT: {address.removeprefix('mqtt://')}", file=voice)

    run(settings, rooms, ready)


@cli.command()
def demo(
    homes: Annotated[int, typer.Option(help="homes of the made-up street")] = 12,
    first_press: Annotated[float, typer.Option(help="seconds until the first press")] = 8.0,
) -> None:
    """A made-up street with simulated homes and phones; prints the console's address and a log-in."""
    from anling.demo import run_demo
    from anling.logs import set_up
    from anling.settings import read_settings

    settings = read_settings()
    set_up(settings.log_level if settings.log_level != "info" else "warning")
    run_demo(settings, homes, first_press)


@cli.command("import")
def import_site(
    file: Path,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check, write nothing")] = False,
    allow_gaps: Annotated[bool, typer.Option("--allow-gaps", help="even if hours lose their last 120 desk")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Take a site file (JSON) or a list of homes with residents (CSV, XLSX) in: whole, or not at all."""
    from zoneinfo import ZoneInfo

    from anling.settings import read_settings
    from records.imports import File, Imports

    sent, settings = File(file.name, bytes_in(file)), read_settings()
    with ledger_here(settings, upgrade=True) as ledger:
        taken = Imports(ledger, ZoneInfo(settings.timezone)).take(sent, None, "import", dry_run, allow_gaps)
    for warning in taken.warnings:
        print(f"! {warning}", file=sys.stderr)
    told = ", ".join(f"{n} {what}" for what, n in taken.counts.items() if n)
    print(json.dumps(taken.counts) if as_json else f"{'checked' if dry_run else 'imported'}: {told or 'nothing'}")


cli.command()(decode)
cli.command()(report)
cli.command()(backup)
cli.command()(restore)
cli.command("verify-ledger")(verify_ledger)


@db.command("upgrade")
def db_upgrade() -> None:
    """Migrate the ledger to this program's schema."""
    from anling.house import open_ledger
    from anling.settings import read_settings
    from store import schema

    ledger = open_ledger(read_settings())
    before = schema.upgrade(ledger)
    ledger.close()
    print(f"{before or 'empty'} -> {schema.HEAD}")


@drill.command(
    "run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def drill_run(context: typer.Context) -> None:
    """Run a drill (a name in drills/ or a file) from outside, through MQTT and HTTP; --help shows its options.

    Against a running demo nothing else is needed; exit status 0 when everything came as expected.
    """
    from simulators.drill import main as run_it

    raise SystemExit(run_it([*_demo_kit(context.args), *context.args]))


def _demo_kit(given: list[str]) -> list[str]:
    """Addresses and log-in of the demo that was started last, for what was not given."""
    from anling.settings import read_settings

    folder = read_settings().data_dir
    for file in (folder / "drill.json", folder / "demo" / "drill.json"):
        if file.is_file():
            from anling.troupe import kit_options

            return [option for option in kit_options(file) if option.partition("=")[0] not in " ".join(given)]
    return []


if __name__ == "__main__":
    main()
