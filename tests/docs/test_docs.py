"""The documents speak of what is there: links, files, tests, commands and settings exist."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from anling.cli import cli
from anling.settings import Settings
from escalation.plan import parse_plan
from store.site import parse_site

ROOT = Path(__file__).parents[2]
DOCS = sorted(
    p for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("drills/*.md"), *ROOT.glob("deploy/**/*.md")]
)
NAMES = [str(p.relative_to(ROOT)) for p in DOCS]
READMES = ["README.md", "README.zh-CN.md"]
#: folders of the tree that documents may point into, in backquotes
_PLACES = "anling|api|broker_bridge|channels|deploy|docs|domain|drills|escalation|simulators|store|tests"
_PATH = re.compile(rf"`((?!anling/v1)(?:{_PLACES})/[\w./-]*)(?:::(\w+))?`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
_SETTING = re.compile(r"\bANLING_[A-Z0-9_]*[A-Z0-9]\b")
#: variables that are no settings of the program
_OTHERS = {"ANLING_TEST_REQUIRE", "ANLING_PROVE", "ANLING_HEALTH_URL"}


def text(name: str) -> str:
    """One document."""
    return (ROOT / name).read_text("utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [body for lang, body in _FENCE.findall(text(name)) if lang == language]


def anchors(page: str) -> set[str]:
    """The places of a page that a link may name, as GitHub makes them."""
    heads = re.findall(r"^#+ +(.+)$", _FENCE.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    """Relative links name a file that is there, and a heading of it where they name one."""
    lost = []
    for link in _LINK.findall(_FENCE.sub("", text(name))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            lost.append(link)

    assert [] == lost


@pytest.mark.parametrize("name", NAMES)
def test_every_file_and_test_named_is_there(name: str) -> None:
    """`folder/file.py` exists, and `tests/…py::test_name` is a test in it."""
    lost = []
    for path, test in _PATH.findall(text(name)):
        file = ROOT / path
        if not file.exists() or (test and f"def {test}(" not in file.read_text("utf-8")):
            lost.append(f"{path}::{test}" if test else path)

    assert [] == lost


@pytest.mark.parametrize("name", ["docs/plan.md", "docs/safety-case.md"])
def test_each_row_has_a_test_or_says_that_there_is_none(name: str) -> None:
    """No mitigation is claimed without evidence: a test, or the word 尚无."""
    rows = [line for line in text(name).splitlines() if line.startswith("| ") and "hazard |" not in line]
    bare = [row for row in rows if "tests/" not in row and "尚无" not in row and "clause |" not in row]

    assert [] == bare


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_named_exists(name: str) -> None:
    """Whoever copies a setting from a document sets something."""
    known = {f"ANLING_{field.upper()}" for field in Settings.model_fields} | _OTHERS

    assert set() == set(_SETTING.findall(text(name))) - known


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the command line, as the words that call it."""
    inner: dict[str, Any] = getattr(group, "commands", {})
    for name, command in inner.items():
        yield from commands(command, (*path, name))
    if not inner:
        yield path


def said_commands(page: str) -> Iterator[tuple[str, ...]]:
    """Every ``anling …`` in shell blocks and in backquotes."""
    quoted = [f"anling {words}" for words in re.findall(r"`(?:\.venv/bin/)?anling ([a-z][^`]*)`", page)]
    shell = [line for lang, body in _FENCE.findall(page) if lang == "sh" for line in body.splitlines()]
    for line in [*quoted, *shell]:
        for words in re.findall(r"(?:^|\s|/)anling ((?:[a-z][a-z-]* ?)+)", line.split(" #")[0]):
            yield tuple(words.split())


@pytest.mark.parametrize("name", NAMES)
def test_every_command_named_exists(name: str) -> None:
    """What a document tells people to type is a command; what is not there yet stands without ``anling``."""
    known = set(commands(typer.main.get_command(cli)))
    groups = {path[:1] for path in known if len(path) > 1}
    unknown = [
        words
        for words in said_commands(_not_yet(text(name)))
        if words[:2] not in known and words[:1] not in known and words not in groups
    ]

    assert [] == unknown


def _not_yet(page: str) -> str:
    """The page without what it says is not there."""
    roadmap = page.startswith("# 路线图")
    return "" if roadmap else re.sub(r"尚无[^|\n]*", "", page)


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md"])
def test_every_make_target_named_exists(name: str) -> None:
    """``make run`` and the like stand in the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    named = {target for block in blocks(name, "sh") for target in re.findall(r"^make (\w+)", block, re.MULTILINE)}

    assert named <= targets
    assert {"test"} <= named


def test_decisions_are_numbered_without_holes() -> None:
    """0001, 0002 …: each has its number in its heading, the three parts, and a line in the index."""
    files = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))

    assert [f"{n:04}" for n in range(1, len(files) + 1)] == [f.name[:4] for f in files]
    index = text("docs/adr/README.md")
    for number, file in enumerate(files, 1):
        page = file.read_text("utf-8")
        assert page.startswith(f"# {number}. "), file.name
        assert ["Context", "Decision", "Consequences"] == re.findall(r"^## (\w+)", page, re.MULTILINE), file.name
        assert f"({file.name})" in index


@pytest.mark.parametrize("name", READMES)
def test_the_plan_of_the_readme_is_a_plan(name: str) -> None:
    """Copied into a file it passes ``anling plan check`` without a warning."""
    [block] = blocks(name, "toml")

    plan = parse_plan(block, name)

    assert () == tuple(plan.warnings)


def test_the_site_of_the_readme_is_a_site() -> None:
    """Copied into a file it can be imported."""
    [block] = blocks("README.md", "json")

    site = parse_site(block.encode(), "README.md")

    assert (1, 3, 1) == (len(site.homes), len(site.responders), len(site.homes[0].devices))


def test_both_readmes_give_the_same_commands() -> None:
    """A Chinese reader and an English one type the same lines."""
    chinese, english = ([_bare(b) for b in blocks(name, "sh")] for name in reversed(READMES))

    assert english == chinese


def _bare(block: str) -> list[str]:
    """A block without comments and without what is a person's own to fill in."""
    lines = (re.sub(r"\s+# .*", "", line) for line in block.splitlines())
    return [re.sub(r"打印出来的密码|THE PRINTED ONE|一个长密码|a long password", "…", line) for line in lines]


def test_the_envelope_of_the_contract_can_be_read() -> None:
    """The example in docs/wire.md is heard as what it says, through the bridge's own decoder."""
    from broker_bridge.decode import hear
    from domain.clock import wall_now
    from domain.events import Kind, Message

    [block] = blocks("docs/wire.md", "json")

    heard = hear(Message("anling/v1/up/dev-0001/event", block.encode(), wall_now()))

    assert heard.event is not None
    assert (Kind.SOS, json.loads(block)["id"], ()) == (heard.event.kind, heard.event.id, heard.event.faults)


def test_the_press_of_the_readme_is_a_press() -> None:
    """The line with mosquitto_pub says ``sos``, on the topic of a device, with an id of its own."""
    from broker_bridge.decode import hear
    from domain.clock import wall_now
    from domain.events import Kind, Message

    for name in READMES:
        [line] = [b for b in blocks(name, "sh") if "mosquitto_pub" in b]
        topic = re.search(r"-t (\S+)", line)
        said = re.search(r"-m '(.+)'$", line.strip())
        assert topic
        assert said
        payload = said[1].replace("'$(date +%s)'", "1795294483")
        heard = hear(Message(topic[1], payload.encode(), wall_now()))
        assert heard.event is not None
        assert (Kind.SOS, ()) == (heard.event.kind, heard.event.faults)
        assert "my-press-1795294483" == heard.event.id


def test_the_licence_is_the_one_that_is_named() -> None:
    """README, package and file agree."""
    package: dict[str, Any] = tomllib.loads(text("pyproject.toml"))["project"]

    assert "Apache-2.0" == package["license"]
    assert "Apache License" in text("LICENSE")
    for name in READMES:
        assert "[Apache 2.0](LICENSE)" in text(name)


def test_the_drawing_of_states_is_the_table() -> None:
    """docs/architecture.md shows the very transitions that decisions are checked against."""
    from escalation.drawing import mermaid

    assert [mermaid()] == [block.strip() for block in blocks("docs/architecture.md", "mermaid")]


def test_the_plan_of_the_contract_is_a_plan() -> None:
    """The example of docs/wire.md, and the street's over the district's template."""
    beside, street = blocks("docs/wire.md", "toml")
    ladder = '[[track]]\nname = "main"\n[[track.step]]\nrole = "dispatch_120"\n'
    template = (ROOT / "escalation/plans/changning.toml").read_text("utf-8")

    assert () == parse_plan(f'version = "x"\n{ladder}{beside}').warnings
    assert "310105001" == parse_plan(street, "s", {"changning-2026.1": template}.get).street
