"""Sheets: a street's own Excel list becomes homes and residents, or every mistake in it is named."""

import io
import json
import zipfile
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from domain.errors import ConfigurationError
from records.imports import File, Imports
from records.sheets import read_sheet
from store import register
from store.register import Register
from store.site import check_site
from tests.town import Town

_HEADS = "住户编号,街道代码,类别,地址,楼层,电梯,钥匙保管人,老人编号,姓名,性别,出生日期,电话,疾病,联系人,联系人电话"
LIST = f"""{_HEADS},联系人有钥匙
home-7,north,独居,示例路7号602,6,是,doctor-1,r-7,示例老人七,女,1936/05/01,+862150000007；+862150000008,高血压、房颤,女儿,+8613800000001,是
home-8,north,纯老,示例路8号101,1,否,,r-8a,示例老人八,男,1934-02-03,+862150000009,,,,
home-8,north,纯老,示例路8号101,1,否,,r-8b,示例老人九,女,1935-02-03,+862150000009,,,,
"""


def xlsx(*rows: list[Any]) -> bytes:
    """A workbook of one sheet."""
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def packed(parts: dict[str, bytes]) -> bytes:
    """What looks like a workbook from outside."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_becomes_homes_with_residents(encoding: str) -> None:
    """Rows of one home are one home, whatever Excel saved the file as."""
    site = check_site(read_sheet(LIST.encode(encoding), "list.csv"))

    seven, eight = site.homes
    assert ("lives_alone", 6) == (seven.category, seven.address["floor"])
    assert {"lift": True, "key_holders": ["doctor-1"]} == seven.access
    card = seven.residents[0].model_dump()
    assert ("F", "1936-05-01", ["高血压", "房颤"]) == (card["sex"], card["birth"], card["medical"]["conditions"])
    assert [{"name": "女儿", "phone": "+8613800000001", "has_key": True}] == card["contacts"]
    assert ("all_elderly", ["r-8a", "r-8b"]) == (eight.category, [r.id for r in eight.residents])


def test_excel_numbers_and_dates_are_what_they_look_like() -> None:
    """``602`` is a room, not 602.0; a date cell is a date."""
    raw = xlsx(["home_id", "street", "room", "floor", "resident_id", "name", "birth"],
               ["home-7", "north", 602.0, 6, "r-7", "示例老人七", datetime(1936, 5, 1)])  # fmt: skip

    home = check_site(read_sheet(raw, "list.xlsx")).homes[0]

    assert ("602", 6) == (home.address["room"], home.address["floor"])
    assert "1936-05-01" == home.residents[0].model_dump()["birth"]


_SHORT = "home_id,street,category,room,resident_id,name,allergies,contact_name\n"


def test_what_only_a_later_row_says_is_not_lost() -> None:
    """People fill in the second line of a home too, and an allergy beside a second contact (R24)."""
    rows = "h-1,north,,,r-1,老人一,,女儿\nh-1,north,独居,602,r-1,老人一,青霉素,儿子\nh-1,north,,,r-2,老人二,,\n"

    (home,) = read_sheet((_SHORT + rows).encode(), "list.csv")["homes"]

    first, second = home["residents"]
    assert ("lives_alone", {"room": "602"}) == (home["category"], home["address"])
    assert (["青霉素"], ["女儿", "儿子"]) == (first["medical"]["allergies"], [c["name"] for c in first["contacts"]])
    assert {"id": "r-2", "name": "老人二"} == second


def test_rows_that_contradict_each_other_are_refused() -> None:
    """Of two names, or two rooms, nobody can say which is right: the row is named, nothing is taken in."""
    rows = "h-1,north,,601,r-1,老人一,,\nh-1,north,,602,r-1,老人二,,\n"

    with pytest.raises(ConfigurationError) as error:
        read_sheet((_SHORT + rows).encode(), "list.csv")

    assert [
        "list.csv: row 3: says other things of home h-1 than a row above; make them agree",
        "list.csv: row 3: says other things of resident r-1 than a row above; make them agree",
    ] == list(error.value.problems)


def test_every_mistake_is_named_at_once() -> None:
    """Row, column, and what to write instead; nothing is imported in part."""
    bad = "home_id,street,resident_id,name,birth,lift,sex\nhome-1,north,,,1936,maybe,x\n,,r-2,老人,1936-13-01,是,男\n"

    with pytest.raises(ConfigurationError) as error:
        read_sheet(bad.encode(), "list.csv")

    told = "\n".join(error.value.problems)
    for part in (
        "row 2, column birth",
        "row 2, column lift: 'maybe': write 是 or 否",
        "row 2, column sex",
        "row 2: empty: resident_id, name",
        "row 3, column birth",
        "row 3: empty: home_id, street",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "empty"),
        (b"home_id,colour\n", "column 'colour' is not known"),
        (b"home_id,name,name\n", "column name stands twice"),
        (b"\xff\xfe\x00\xff\xff", "neither UTF-8 nor GB18030"),
        (b"PK\x03\x04rest", "cannot be read as XLSX"),
        (packed({"xl/workbook.xml": b"<broken"}), "cannot be read as XLSX"),
        # a tenth of a megabyte that would fill the memory
        (packed({"xl/sharedStrings.xml": bytes(129_000_000)}), "unpacks to 129 MB"),
        (b"home_id,street,resident_id,name\n" + b"x" * 200_000, "cannot be read as CSV"),
        ("home_id,street,room,resident_id,name\nh,s,1,a,甲\nh,s,2,b,乙\n".encode(), "says other things of home h"),
    ],
)
def test_a_file_that_is_no_list_says_why(raw: bytes, told: str) -> None:
    """Whatever is wrong with the file, the message says what."""
    with pytest.raises(ConfigurationError, match=told):
        read_sheet(raw, "list.csv")


def _refused(town: Town, name: str, raw: bytes) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        Imports(town.ledger, ZoneInfo("Asia/Shanghai")).take(File(name, raw), None, "test", dry_run=False)
    return list(error.value.problems)


def test_a_list_is_refused_with_all_that_is_wrong_by_row_and_column(town: Town) -> None:
    """Headings, cells, and what the register does not know: told together, so that nobody imports ten times."""
    bad = (
        "home_id,street,colour,resident_id,name,birth,lat,lon\n"
        "h-1,east,red,r-1,甲,1936-05-01,,\nh-2,north,,r-2,乙,1936-99-01,,\nh 3,north,,r-3,丙,,99,121\n"
    )

    told = "\n".join(_refused(town, "list.csv", bad.encode()))

    for part in ("'colour' is not known", "row 2, column street: no street 'east'", "row 3, column birth: '1936-99"):
        assert part in told
    right = bad.splitlines()[0].replace("colour", "room") + "\nh 3,north,1,r-3,丙,,99,121\n"
    assert [
        "list.csv: row 2, column home_id: String should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'",
        "list.csv: row 2, column location: lat: give degrees from -90 to 90",
    ] == _refused(town, "list.csv", right.encode())
    assert 0 == town.count("homes", "id = 'h-1'")


def test_a_site_file_is_refused_with_all_that_is_wrong_in_it_and_around_it(town: Town) -> None:
    """A word of no list does not hide the street that nobody knows, nor the shift of a stranger; what nobody
    could dial is no way to reach anybody (P4)."""
    site = {
        "responders": [{"id": "d-9", "name": "九", "role": "wizard",
                        "contacts": [{"channel": "pigeon", "address": "x"}, {"channel": "voice", "address": "later"},
                                     {"channel": "sms", "address": "120"}, {"channel": "wecom", "address": "key"}]}],
        "teams": [{"id": "t-9", "role": "police", "shifts": [{"responder": "ghost"}, {"responder": "d-9"}]}],
        "homes": [{"id": "h-9", "street": "east", "location": {"lat": 31.2, "lon": 121.4, "crs": "MARS"},
                   "residents": [{"id": "r-9", "name": "老人", "birth": "1936-13-45"}]}],
    }  # fmt: skip

    told = _refused(town, "site.json", json.dumps(site).encode())

    assert [
        "site.json: responders[0].role: unknown role 'wizard'",
        "site.json: responders[0].contacts[0].channel: no channel 'pigeon'",
        "site.json: responders[0].contacts[1].address: 'later' is no telephone number",
        "site.json: homes[0].location: crs: 'MARS' is no datum",
        "site.json: homes[0].residents[0]: birth: '1936-13-45' is no date",
        "homes[0].street: no street 'east'",
        "teams[0].shifts[0].responder: no responder 'ghost'",
    ] == [problem.split("; ")[0] for problem in told]


def test_columns_that_are_not_there_change_nothing(town: Town) -> None:
    """A list of telephone numbers leaves the way in, the illnesses and the key as they were."""
    sheet = "home_id,street,resident_id,name,phones,gate\nhome-1,north,resident-1,老人一,+8521,北门\n".encode()

    Register(town.ledger).load(check_site(read_sheet(sheet, "list.csv")), partial=True)

    with town.ledger.reading() as tx:
        home, cards = register.home_of(tx, "home-1"), register.residents_of(tx, ["home-1"])["home-1"]
    assert home is not None
    assert {"gate": "北门", "door_code": "2580#"} == home["access"]
    assert "示例路1号" == home["address"]["text"]
    assert (["+8521"], {"conditions": ["高血压"]}) == (cards[0]["phones"], cards[0]["medical"])


def test_a_file_without_secrets_shuts_nobody_out(town: Town) -> None:
    """A site file exported without secrets keeps the devices' log-ins."""
    home = {"id": "home-1", "street": "north", "devices": [{"id": "dev-0001", "role": "sos_button"}]}

    Register(town.ledger).load(check_site({"homes": [home]}))

    assert Register(town.ledger).secret_ok("dev-0001", "change-me-1")
