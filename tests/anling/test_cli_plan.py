"""``anling plan`` as people type it, and the plan that a setting names."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from anling.cli import cli
from anling.cli_plan import plan as command
from anling.processes import serving
from anling.settings import Settings
from domain.clock import wall_now
from domain.errors import AnlingError, ConfigurationError
from store.accounts import Accounts
from store.ledger import Ledger
from store.seal import Sealer
from tests.town import NOON, PLAN, SECRET, Town, site

TEMPLATE = "escalation/plans/changning.toml"
STREET = """
version = "north-1"
base = "town-1"
street = "north"
[[track]]
name = "main"
[[track.step]]
role = "street_office"
after = "45s"
"""


def run(*words: str, typed: str | None = None) -> Result:
    """Type a command, and passwords into its standard input."""
    return CliRunner().invoke(command, words, input=typed)


def refused(*words: str, typed: str | None = None) -> str:
    """What a refused command says."""
    failure = run(*words, typed=typed).exception
    assert isinstance(failure, AnlingError)
    return "\n".join(failure.problems) if isinstance(failure, ConfigurationError) else str(failure)


@pytest.fixture
def installed(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """An installation with the town's register, under the town's plan."""
    shutil.copy(migrated_file, tmp_path / "anling.db")
    monkeypatch.setenv("ANLING_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ANLING_SECRET_KEY", SECRET)
    ledger = Ledger(f"sqlite:///{tmp_path / 'anling.db'}", Sealer(SECRET))
    town = Town(ledger)
    town.settle_in()
    return town


@pytest.fixture
def street_file(tmp_path: Path) -> Path:
    """The north's own plan."""
    path = tmp_path / "north.toml"
    path.write_text(STREET)
    return path


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    """The town as a site file, whose street office closes at night."""
    raw: dict[str, Any] = site()
    raw["teams"][2]["shifts"] = [{"responder": "street-1", "from": "08:00", "to": "20:00"}]
    path = tmp_path / "site.json"
    path.write_text(json.dumps(raw))
    return path


def test_check_needs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings, no ledger, none made; the proof is told, and that duty was not looked at."""
    monkeypatch.delenv("ANLING_DATA_DIR", raising=False)
    told = run("check", TEMPLATE)

    assert 0 == told.exit_code
    assert "120 is asked after 120 s at the latest" in told.stdout
    assert "duty was not looked at" in told.stderr
    assert [] == list(tmp_path.iterdir())


def test_check_tells_machines_too(tmp_path: Path) -> None:
    """--json: what was proved, or every problem once, with a way that does not exist; the exit status is the same."""
    (tmp_path / "bad.toml").write_text(Path(TEMPLATE).read_text("utf-8").replace('["voice", "sms"]', '["pigeon"]', 1))
    good, bad = run("check", TEMPLATE, "--json"), run("check", str(tmp_path / "bad.toml"), "--json")

    proved = json.loads(good.stdout)
    assert (0, [], 120.0) == (good.exit_code, proved["problems"], proved["until_120_s"])
    (problem,) = json.loads(bad.stdout)["problems"]
    assert "track 1 (main) step 1: 'pigeon' is no channel; write one of voice, sms" in problem
    assert isinstance(bad.exception, ConfigurationError)


def test_check_names_the_hours_without_anybody(site_file: Path) -> None:
    """Where, who and when, for both streets; a warning, unless told to be strict."""
    told = run("check", TEMPLATE, "--site", str(site_file))

    assert 0 == told.exit_code
    assert 14 <= told.stderr.count("nobody on duty: street_office for street north")
    assert 1 == run("check", TEMPLATE, "--site", str(site_file), "--strict").exit_code


def test_explain_from_files_alone(site_file: Path) -> None:
    """What happens if somebody in home 1 falls at 03:10 on Sunday? The office is empty, and the table says so."""
    words = ["explain", "--home", "home-1", "--kind", "fall", "--at", "2026-11-22T03:10", "--site", str(site_file)]
    told = json.loads(run(*words, "--json").stdout)

    assert ("critical", "2026-11-21T19:10:00") == (told["severity"], told["at"][:19])
    assert ["street_office"] == [e["role"] for e in told["events"] if e["what"] == "gap"][:1]
    assert "无人值守" in run(*words).stdout
    assert "nobody there" in run(*words, "--lang", "en").stdout
    assert "no home home-9" in refused("explain", "--home", "home-9", "--site", str(site_file))
    assert "raises no alert" in refused("explain", "--home", "home-1", "--kind", "lunch", "--site", str(site_file))


def test_a_plan_needs_two(installed: Town, street_file: Path) -> None:
    """Proposed, compared, approved by another, explained; an alert of that street is pinned to it."""
    assert 0 == run("propose", str(street_file), "--by", "wang").exit_code
    assert "may not approve" in refused("approve", "north-1", "--by", "Wang")
    assert "after 1m by webhook -> after 45s" in run("diff", "town-1", "north-1").stdout

    told = run("approve", str(street_file), "--by", "li", "--from", "2026-01-01")

    assert "in force for street north" in told.stdout
    assert "after 45s" in run("diff", "--street", "north").stdout
    assert "north-1" == json.loads(run("explain", "--home", "home-1", "--json").stdout)["plan"]
    installed.clock.forward(max(0.0, (wall_now() - NOON).total_seconds()) + 1)
    assert "north-1" == installed.alert(installed.press()).plan
    assert {"town-1", "north-1"} == {p["version"] for p in json.loads(run("list", "--json").stdout)}


def test_a_wrong_plan_is_refused_whole_and_the_running_one_stays(installed: Town, tmp_path: Path) -> None:
    """Every error at once with its line; nothing is proposed, nothing replaced."""
    bad = tmp_path / "bad.toml"
    bad.write_text(PLAN.replace("town-1", "town-2").replace("family_doctor", "gardener").replace('"60s"', '"soon"'))

    said = refused("approve", str(bad), "--by", "li", "--proposed-by", "wang")

    assert said.count("role 'gardener' is unknown") == 2
    assert "bad.toml:6: severity.urgent.retry_after: 'soon' is not a duration" in said
    assert ["town-1"] == [p["version"] for p in json.loads(run("list", "--json").stdout)]
    assert "town-1" == installed.alert(installed.press()).plan


def test_whoever_signs_proves_it(installed: Town, street_file: Path) -> None:
    """Once there are administrators or supervisors a name is not believed: it must be theirs, and so the password.

    A supervisor of some streets signs for those alone.
    """
    accounts = Accounts(installed.ledger)
    accounts.add("chief", "supervisor", "a long password")
    accounts.add("south", "supervisor", "another password", ["south"])
    proposing = ("propose", str(street_file), "--by")

    assert "li is no administrator or supervisor" in refused(*proposing, "li")
    assert "password of chief is needed" in refused(*proposing, "chief")
    assert "name or password is wrong" in refused(*proposing, "chief", "--password-stdin", typed="a guess\n")
    assert "not of your streets" in refused(*proposing, "south", "--password-stdin", typed="another password\n")
    assert 0 == run(*proposing, "chief", "--password-stdin", typed="a long password\n").exit_code


def test_both_sign_in_one_step(installed: Town, street_file: Path) -> None:
    """``--proposed-by``: two passwords, the approver's first; two log-ins of one responder are one person."""
    accounts = Accounts(installed.ledger)
    accounts.add("chief", "supervisor", "a long password", responder="street-1")
    accounts.add("chief2", "administrator", "second password", responder="street-1")
    accounts.add("deputy", "administrator", "third password")
    words = ("approve", str(street_file), "--proposed-by", "chief", "--password-stdin", "--by")

    assert "may not approve" in refused(*words, "chief2", typed="second password\na long password\n")
    assert 0 == run(*words, "deputy", typed="third password\na long password\n").exit_code


def test_replay_says_whether_it_is_the_same(installed: Town) -> None:
    """Exit status 0 for what the timeline makes, 1 and the field for what it does not."""
    alert = installed.press(type="fall")
    assert json.loads(run("replay", alert, "--json").stdout)["equal"]
    installed.change("UPDATE tracks SET round = 3 WHERE alert_id = :a AND name = 'dispatch_120'", a=alert)

    told = run("replay", alert)

    assert 1 == told.exit_code
    assert "tracks.dispatch_120.round: stored 3, told 0" in told.stderr


def test_explain_before_the_first_start(site_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imported and not yet served: what the plan of the first start will do is told all the same."""
    monkeypatch.setenv("ANLING_DATA_DIR", str(tmp_path / "fresh"))
    assert 0 == CliRunner().invoke(cli, ["import", str(site_file)]).exit_code

    told = CliRunner().invoke(cli, ["plan", "explain", "--home", "home-1", "--kind", "sos", "--at", "2026-11-22T03:10"])

    assert 0 == told.exit_code, told.output
    assert "家庭医生一 (doctor-1)" in told.output


@pytest.mark.parametrize("setting", ["plan", "checkin_steps"])
def test_a_file_that_a_setting_names_in_vain_is_named(tmp_path: Path, migrated_file: Path, setting: str) -> None:
    """Nothing starts without it, and whoever starts reads which setting and which file; no traceback."""
    shutil.copy(migrated_file, tmp_path / "anling.db")
    gone = tmp_path / "gone.toml"
    settings = Settings(data_dir=tmp_path, secret_key=SECRET, http_port=0, mqtt_port=0).model_copy(
        update={setting: gone}
    )

    with pytest.raises(ConfigurationError) as said, serving(settings, frozenset({"engine"})):
        pass

    assert [f"ANLING_{setting.upper()}: {gone}: cannot be read: No such file or directory"] == list(said.value.problems)
