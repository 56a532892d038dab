"""Sheets: the lists that street offices keep in Excel, read into a site file's own shape.

One row for each resident; a home that stands in several rows is one home. Columns may stand in any
order, in Chinese or English; a column that is not there leaves what the register holds (R24).
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from domain.errors import ConfigurationError
from store.site import Misread, rough

#: column -> (where it goes, how to read it); the first name is the one that errors use
_COLUMNS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "home_id": (("home", "id"), "text", "住户编号"),
    "street": (("home", "street"), "text", "街道代码"),
    "category": (("home", "category"), "category", "类别"),
    "road": (("home", "address", "road"), "text", "路"),
    "lane": (("home", "address", "lane"), "text", "弄"),
    "estate": (("home", "address", "estate"), "text", "小区"),
    "building": (("home", "address", "building"), "text", "楼号"),
    "unit": (("home", "address", "unit"), "text", "单元"),
    "floor": (("home", "address", "floor"), "number", "楼层"),
    "room": (("home", "address", "room"), "text", "室号"),
    "address": (("home", "address", "text"), "text", "地址"),
    "lat": (("home", "location", "lat"), "number", "纬度"),
    "lon": (("home", "location", "lon"), "number", "经度"),
    "crs": (("home", "location", "crs"), "text", "坐标系"),
    "family_doctor_team": (("home", "family_doctor_team"), "text", "家庭医生团队"),
    "gate": (("home", "access", "gate"), "text", "进入口"),
    "parking": (("home", "access", "parking"), "text", "停车点"),
    "lift": (("home", "access", "lift"), "yes_no", "电梯"),
    "door": (("home", "access", "door"), "text", "门"),
    "door_code": (("home", "access", "door_code"), "text", "门禁密码"),
    "key_holders": (("home", "access", "key_holders"), "list", "钥匙保管人"),
    "resident_id": (("resident", "id"), "text", "老人编号"),
    "name": (("resident", "name"), "text", "姓名"),
    "sex": (("resident", "sex"), "sex", "性别"),
    "birth": (("resident", "birth"), "date", "出生日期"),
    "language": (("resident", "language"), "text", "语言"),
    "phones": (("resident", "phones"), "list", "电话"),
    "conditions": (("resident", "medical", "conditions"), "list", "疾病"),
    "allergies": (("resident", "medical", "allergies"), "list", "过敏"),
    "medicines": (("resident", "medical", "medicines"), "list", "用药"),
    "mobility": (("resident", "medical", "mobility"), "text", "行动能力"),
    "contact_name": (("contact", "name"), "text", "联系人"),
    "contact_relation": (("contact", "relation"), "text", "与老人关系"),
    "contact_phone": (("contact", "phone"), "text", "联系人电话"),
    "contact_has_key": (("contact", "has_key"), "yes_no", "联系人有钥匙"),
}
#: column -> how it is headed in a Chinese list
HEADS: Mapping[str, str] = {name: zh for name, (_, _, zh) in _COLUMNS.items()}
_NAMES = {name: name for name in _COLUMNS} | {zh: name for name, (_, _, zh) in _COLUMNS.items()}
_BY_PATH = {path: name for name, (path, _, _) in _COLUMNS.items()}
_SPOT = re.compile(r"homes\[(\d+)\](?:\.residents\[(\d+)\])?\.([a-z_]+(?:\.[a-z_]+)*)")
_NEEDED = ("home_id", "street", "resident_id", "name")
_YES = {"1", "y", "yes", "true", "是", "有"}
_NO = {"0", "n", "no", "false", "否", "无"}
_CATEGORIES = {"独居": "lives_alone", "高龄独居": "lives_alone", "纯老": "all_elderly", "高龄纯老": "all_elderly"}
_SEXES = {"男": "M", "女": "F", "m": "M", "f": "F"}
_Row = tuple[int, Mapping[str, Any]]


def read_sheet(raw: bytes, source: str) -> dict[str, Any]:
    """A CSV (UTF-8 or GB18030) or XLSX file as a site file's value: ``{"homes": […]}``.

    Raises ``ConfigurationError`` with every problem: row, column, what to write instead.
    """
    problems: list[str] = []
    homes: dict[str, dict[str, Any]] = {}
    for number, row in _rows(raw, source, problems):
        where = f"{source}: row {number}"
        found = _read_row(row, where, problems)
        missing = [name for name in _NEEDED if name in row and not row[name]]
        if missing:
            problems.append(f"{where}: empty: {', '.join(missing)}")
        if all(row.get(name) for name in _NEEDED):
            _join(homes, found, where, problems)
        elif home := found["home"].get("id"):
            homes.setdefault(home, {"residents": []} | found["home"])
    value = {"homes": list(homes.values())}
    if problems:
        raise Misread(problems, rough(value))
    return value


def in_rows(problems: Sequence[str], raw: bytes, source: str) -> list[str]:
    """What is said of ``homes[2].street`` said of the row and the column that it stands in."""
    rows = _places(raw, source)

    def told(found: re.Match[str]) -> str:
        home, resident, path = int(found[1]), found[2], tuple(found[3].split("."))
        row = rows.get((home, int(resident) if resident else None))
        column = _BY_PATH.get(("resident" if resident else "home", *path), path[-1])
        return f"row {row}, column {column}" if row else found[0]

    return [_SPOT.sub(told, problem) for problem in problems]


def _places(raw: bytes, source: str) -> dict[tuple[int, int | None], int]:
    """Home, and resident in it, as they are counted in the site file -> the first row that names them."""
    homes: dict[str, tuple[int, dict[str, int]]] = {}
    rows: dict[tuple[int, int | None], int] = {}
    for number, row in _rows(raw, source, []):
        if not row.get("home_id"):
            continue
        n, people = homes.setdefault(str(row["home_id"]), (len(homes), {}))
        rows.setdefault((n, None), number)
        if all(row.get(name) for name in _NEEDED):
            rows.setdefault((n, people.setdefault(str(row["resident_id"]), len(people))), number)
    return rows


def _join(homes: dict[str, dict[str, Any]], found: dict[str, Any], where: str, problems: list[str]) -> None:
    """Put one row's resident into its home; rows complete each other, and must not contradict each other."""
    home, resident = found["home"], found["resident"]
    known = homes.setdefault(home["id"], {"residents": []})
    if not _completed(known, home):
        problems.append(f"{where}: says other things of home {home['id']} than a row above; make them agree")
    person = next((r for r in known["residents"] if r["id"] == resident["id"]), None)
    if person is None:
        person = {}
        known["residents"].append(person)
    if not _completed(person, resident):
        problems.append(f"{where}: says other things of resident {resident['id']} than a row above; make them agree")
    if contact := found.get("contact"):
        person.setdefault("contacts", []).append(contact)


def _completed(known: dict[str, Any], said: Mapping[str, Any]) -> bool:
    """Put what is new into ``known``; False where one contradicts the other."""
    agree = True
    for name, value in said.items():
        if isinstance(value, dict):
            agree = _completed(known.setdefault(name, {}), value) and agree
        else:
            agree = known.setdefault(name, value) == value and agree
    return agree


def _read_row(row: Mapping[str, Any], where: str, problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"home": {}, "resident": {}}
    for name, said in row.items():
        path, form, _ = _COLUMNS[name]
        if said is None or said == "":
            continue
        try:
            value = _FORMS[form](said)
        except ValueError as error:
            problems.append(f"{where}, column {name}: {said!r}: {error}")
            continue
        place = found
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = value
    return found


#: bytes; a workbook is packed, and a small one can be made to unpack to more than any memory
_MOST_UNPACKED = 128_000_000


def _rows(raw: bytes, source: str, problems: list[str]) -> Iterator[_Row]:
    """Numbered as the sheet shows them; a heading that is not understood is a problem, its column is left out."""
    table = _xlsx(raw, source) if raw[:2] == b"PK" else _csv(raw, source)
    heads: list[str] | None = None
    for number, cells in enumerate(table, 1):
        if not any(cell not in (None, "") for cell in cells):
            continue
        if heads is None:
            heads = _heads(cells, source, problems)
            continue
        yield number, {name: _plain(cell) for name, cell in zip(heads, cells, strict=False) if name}
    if heads is None:
        raise ConfigurationError([f"{source}: empty; the first row names the columns: {', '.join(_NEEDED)}, …"])


def _heads(cells: list[Any], source: str, problems: list[str]) -> list[str]:
    said = [str(cell or "").strip().strip("\ufeff") for cell in cells]
    unknown = [name for name in said if name and name.lower() not in _NAMES]
    heads = [_NAMES.get(name.lower(), "") for name in said]
    problems += [f"{source}: column {name!r} is not known; write one of {', '.join(_COLUMNS)}" for name in unknown]
    problems += [f"{source}: column {name} ({_COLUMNS[name][2]}) is missing" for name in _NEEDED if name not in heads]
    problems += [f"{source}: column {name} stands twice" for name in _COLUMNS if heads.count(name) > 1]
    return heads


def _csv(raw: bytes, source: str) -> Iterator[list[Any]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            yield from csv.reader(io.StringIO(text, newline=""))
        except csv.Error as error:
            raise ConfigurationError([f"{source}: cannot be read as CSV: {error}"]) from error
        return
    raise ConfigurationError([f"{source}: neither UTF-8 nor GB18030; save it as CSV UTF-8 or as XLSX"])


def _xlsx(raw: bytes, source: str) -> Iterator[list[Any]]:
    from xml.etree.ElementTree import ParseError
    from zipfile import BadZipFile, ZipFile
    from zlib import error as BadStream

    from openpyxl import load_workbook

    broken = (
        BadZipFile, BadStream, ParseError, KeyError, IndexError, OSError, ValueError, TypeError, AttributeError,
        EOFError, NotImplementedError,
    )  # fmt: skip
    try:
        unpacked = sum(part.file_size for part in ZipFile(io.BytesIO(raw)).infolist())
        if unpacked > _MOST_UNPACKED:
            raise ConfigurationError([f"{source}: unpacks to {unpacked // 1_000_000} MB; split it into smaller lists"])
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        try:
            for row in book.worksheets[0].iter_rows(values_only=True):
                yield list(row)
        finally:
            book.close()
    except broken as error:
        raise ConfigurationError([f"{source}: cannot be read as XLSX: {type(error).__name__}: {error}"]) from error


def _plain(cell: Any) -> Any:
    """Excel keeps ``602`` as 602.0 and a date as a date."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return cell if cell is None else str(cell).strip()


def _yes_no(said: str) -> bool:
    if said.lower() in _YES:
        return True
    if said.lower() in _NO:
        return False
    raise ValueError("write 是 or 否 (yes, no)")


def _number(said: str) -> float | int:
    try:
        value = float(said)
    except ValueError as error:
        raise ValueError("not a number") from error
    return int(value) if value.is_integer() else value


def _date(said: str) -> str:
    try:
        return date.fromisoformat(said.replace("/", "-").replace(".", "-")).isoformat()
    except ValueError as error:
        raise ValueError("write a date as 1936-05-01") from error


def _one_of(words: Mapping[str, str], told: str) -> Callable[[str], str]:
    def read(said: str) -> str:
        value = words.get(said) or words.get(said.lower()) or (said if said in words.values() else None)
        if value is None:
            raise ValueError(told)
        return value

    return read


def _list(said: str) -> list[str]:
    parts = said.replace("；", ";").replace("、", ";").replace("，", ";").replace(",", ";").split(";")
    return [part.strip() for part in parts if part.strip()]


_FORMS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "number": _number,
    "yes_no": _yes_no,
    "date": _date,
    "list": _list,
    "category": _one_of(_CATEGORIES, "write 独居 (lives_alone) or 纯老 (all_elderly)"),
    "sex": _one_of(_SEXES, "write 男 (M) or 女 (F)"),
}
