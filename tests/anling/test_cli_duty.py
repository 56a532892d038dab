"""``anling duty`` and ``anling device`` as a technician types them, on a ledger of its own."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anling.cli import cli
from anling.ledger_here import ledger_here
from anling.settings import Settings
from domain.errors import ConfigurationError
from store.accounts import Accounts
from store.bulk import fetch

ROOT = Path(__file__).parents[2]
SITE = {
    "streets": [{"code": "north", "name": "北街道"}],
    "responders": [
        {"id": "doctor-1", "name": "家庭医生一", "role": "family_doctor", "street": "north",
         "contacts": [{"channel": "webhook", "address": "http://127.0.0.1:9/d"}]},
        {"id": "doctor-2", "name": "家庭医生二", "role": "family_doctor", "street": "north", "contacts": []},
        {"id": "desk-120", "name": "调度席", "role": "dispatch_120",
         "contacts": [{"channel": "dispatch_120", "address": "http://127.0.0.1:9/x"}]},
        {"id": "desk-2", "name": "调度席二", "role": "dispatch_120",
         "contacts": [{"channel": "dispatch_120", "address": "http://127.0.0.1:9/y"}]},
    ],
    "teams": [
        {"id": "doctors-1", "role": "family_doctor", "street": "north", "shifts": [
            {"responder": "doctor-1", "from": "08:00", "to": "20:00", "deputy": "doctor-2"}]},
        {"id": "desk", "role": "dispatch_120", "shifts": [{"responder": "desk-120", "always": True}]},
    ],
    "hubs": [{"id": "hub-0001", "dialect": "z2m", "site": "north", "secret": "the hub's first secret"}],
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an imported site."""
    monkeypatch.setenv("ANLING_DATA_DIR", str(tmp_path / "var"))
    assert 0 == run("import", str(_file(tmp_path, SITE)))[0]
    return tmp_path


def _file(folder: Path, site: object) -> Path:
    path = folder / "site.json"
    path.write_text(json.dumps(site))
    return path


def run(*words: str) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    result = CliRunner().invoke(cli, list(words))
    if isinstance(result.exception, ConfigurationError):
        return 2, str(result.exception)
    return result.exit_code, result.output


def test_who_is_on_by_day_and_by_night(here: Path) -> None:
    """In wall time; nobody is said in words."""
    day, night = (run("duty", "--at", at)[1] for at in ("2026-11-22T12:00", "2026-11-22T03:10"))

    assert "2026-11-22 12:00" in day
    assert "家庭医生一" in day
    assert "家庭医生一" not in night
    assert "无人值守" in night
    assert "2026-11-21T19:10:00" in json.loads(run("duty", "--at", "2026-11-21T19:10:00+00:00", "--json")[1])["at"]


def test_where_nobody_is(here: Path) -> None:
    """Exit status 1 and every hole; a person without contact is named."""
    status, told = run("duty", "coverage", "--days", "2")

    assert 1 == status
    assert "无人排班" in told
    assert "doctor-2  family_doctor  无联系方式" in told
    assert {"gaps", "without_contact", "unproved"} <= json.loads(run("duty", "coverage", "--json")[1]).keys()


def test_a_moment_that_is_none(here: Path) -> None:
    """Says what to write."""
    assert (2, "--at: 'noon' is no moment; write 2026-11-22T03:10") == run("duty", "--at", "noon")


def test_the_example_of_the_contract_imports(here: Path) -> None:
    """The lists of duty as docs/wire.md shows them."""
    (example,) = re.findall(r"```text\n(\{\"overrides.*?)```", (ROOT / "docs/wire.md").read_text("utf-8"), re.DOTALL)

    status, told = run("import", str(_file(here, json.loads(example))))

    assert 0 == status, told
    assert "1 overrides, 1 swaps, 1 absences, 1 deputies, 1 holidays" in told


def test_the_last_desk_is_not_imported_away(here: Path) -> None:
    """P4: refused with the hours; --allow-gaps says it must be so."""
    empty = _file(here, {"teams": [{"id": "desk", "role": "dispatch_120", "shifts": []}]})

    refused, allowed = run("import", str(empty)), run("import", "--allow-gaps", str(empty))

    assert 2 == refused[0]
    assert "nobody of 120 could be called" in refused[1]
    assert 0 == allowed[0]
    assert "! dispatch 120" in allowed[1]


def test_a_hub_that_was_shut_out_comes_in_again(here: Path) -> None:
    """With another secret, as a device does; both are in the audit."""
    gone = run("device", "revoke", "hub-0001")
    status, said = run("device", "secret", "hub-0001")

    assert (0, 0) == (gone[0], status)
    settings = Settings(data_dir=here / "var")
    with ledger_here(settings) as ledger:
        assert ("hub-0001", "north") == Accounts(ledger).hub_of("z2m", json.loads(said.splitlines()[0])["secret"])
        with ledger.reading() as tx:
            lines = fetch(tx, "SELECT operator, what FROM read_audit WHERE subject = 'hub-0001' ORDER BY id")
    assert [("command line", "device shut out"), ("command line", "device given a secret")] == lines
