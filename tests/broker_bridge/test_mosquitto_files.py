"""The broker's password and right files, line by line."""

from pathlib import Path

import pytest

from broker_bridge.mosquitto_files import Access, write_access
from domain.passwords import hash_secret

HUBS = {"hub-1": (hash_secret("h"), "z2m", "site-1")}


def names(folder: Path) -> list[str]:
    """Who stands in the password file."""
    return [line.partition(":")[0] for line in (folder / "passwd").read_text().splitlines()]


def test_a_hub_may_write_to_its_own_site_only(tmp_path: Path) -> None:
    """Each hub has an entry of its own; every device the same pattern."""
    write_access(tmp_path, Access({"bridge-vendor": "v"}, {"dev-1": hash_secret("d")}, HUBS))

    lines = (tmp_path / "acl").read_text().splitlines()
    assert ["user bridge-vendor", "topic read vendor/#", "user hub-1", "topic write vendor/z2m/site-1/#"] == lines[:4]
    assert ["dev-1", "hub-1", "bridge-vendor"] == names(tmp_path)


def test_our_own_names_are_ours(tmp_path: Path) -> None:
    """A device in the register called like our bridge does not get the bridge's log-in."""
    stolen = hash_secret("mine now")

    write_access(tmp_path, Access({"bridge-alarm": "ours"}, {"bridge-alarm": stolen}))

    assert ["bridge-alarm"] == names(tmp_path)
    assert stolen not in (tmp_path / "passwd").read_text()


def test_the_same_accounts_are_not_written_anew(tmp_path: Path) -> None:
    """Salts differ each time; a file that means the same stays, and the broker is left in peace."""
    access = Access({"bridge-alarm": "a", "monitor": "m"}, {"dev-1": hash_secret("d")}, HUBS)

    assert [True, False] == [write_access(tmp_path, access) for _ in range(2)]
    assert write_access(tmp_path, Access({"bridge-alarm": "other", "monitor": "m"}, access.devices, HUBS))


def test_the_files_are_for_us_only(tmp_path: Path) -> None:
    """Hashes are no secret of the world."""
    write_access(tmp_path, Access({"monitor": "m"}, {}))

    assert {0o600} == {(tmp_path / name).stat().st_mode & 0o777 for name in ("passwd", "acl")}


@pytest.mark.parametrize("site", ["x\nuser bridge-alarm\ntopic readwrite #", "+", "#", "a/b", "a b", "", "$SYS", "x\r"])
def test_no_hub_writes_a_line_of_its_own(tmp_path: Path, site: str) -> None:
    """A name out of the register with a line break or a wildcard gives no rights at all, and no other hub loses its."""
    bad = {"hub-0": (hash_secret("b"), "z2m", site)}

    write_access(tmp_path, Access({"bridge-alarm": "a"}, {}, bad | HUBS))

    lines = (tmp_path / "acl").read_text().splitlines()
    assert ["user bridge-alarm", "user hub-1"] == [line for line in lines if line.startswith("user")]
    assert not any("hub-0" in line or line.endswith(("readwrite #", "z2m/+/#", "z2m/#/#")) for line in lines)


def test_a_line_break_in_a_name_is_no_second_log_in(tmp_path: Path) -> None:
    """A device called like two lines of the password file does not get in."""
    write_access(tmp_path, Access({}, {"dev-1\nmonitor": hash_secret("x"), "dev-2": hash_secret("d")}))

    assert ["dev-2"] == names(tmp_path)
