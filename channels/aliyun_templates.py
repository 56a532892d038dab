"""Templates: what Aliyun has approved to be said and written. Data of the installation, with the approval's id."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from channels import wording
from domain.contacts import Letter

#: what a template's variable may be filled with
VARIABLES = ("who", "where", "what", "ago", "severity", "digit", "code")
#: Aliyun cuts off longer variables, or refuses them
_LONGEST = 35
_PURPOSES = ("contact", "update", "inform", "stand_down")


@dataclass(frozen=True, slots=True)
class Template:
    """One approved template."""

    code: str
    #: variable of the template -> what it is filled with
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Templates:
    """All approved templates. Calls need one to begin with and one that answers a key."""

    voice: Mapping[str, Template]
    #: said after a key, before anything is recorded: it may not say "recorded" (P10)
    after_key: str
    sms: Mapping[str, Template]
    sign: str


def read_templates(path: Path, problems: list[str]) -> Templates | None:
    """A file like ``docs/aliyun.example.toml``; what is wrong is added to ``problems``."""
    where = f"ANLING_ALIYUN_TEMPLATES: {path.name}"
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{where}: cannot be read: {error}")
        return None
    before = len(problems)
    voice, sms = (_kind(said.get(kind, {}), f"{where}: [{kind}]", problems) for kind in ("voice", "sms"))
    after_key, sign = str(said.get("after_key", "")), str(said.get("sign", ""))
    if voice and not after_key:
        problems.append(f'{where}: after_key = "TTS_…" is missing: what is said after a key (not "recorded")')
    if sms and not sign:
        problems.append(f"{where}: sign is missing: the approved signature of text messages")
    return None if len(problems) > before else Templates(voice, after_key, sms, sign)


def _kind(said: Mapping[str, Any], where: str, problems: list[str]) -> dict[str, Template]:
    found = {}
    for purpose, one in said.items():
        if purpose not in _PURPOSES:
            problems.append(f"{where} {purpose}: write one of {', '.join(_PURPOSES)}")
            continue
        variables = dict(one.get("variables", {}))
        wrong = sorted(set(variables.values()) - set(VARIABLES))
        if not one.get("code") or wrong:
            told = f"variables {', '.join(wrong)}; write some of {', '.join(VARIABLES)}" if wrong else "code is missing"
            problems.append(f"{where} {purpose}: {told}")
            continue
        found[purpose] = Template(str(one["code"]), variables)
    if said and "contact" not in found:
        problems.append(f"{where}: contact is missing: without it nobody is called")
    return found


def filled(template: Template, letter: Letter, now: datetime) -> str:
    """The template's variables as JSON, from the letter; each cut to what Aliyun takes.

    A template cannot be changed for a drill: the first variable begins with the word drill (invariant 15).
    """
    facts = wording.facts(letter, now) | {
        "digit": letter.digit or "1", "code": wording.reply_code(letter.alert_id) if letter.alert_id else "",
    }  # fmt: skip
    values = {name: facts[fact][:_LONGEST] for name, fact in template.variables.items()}
    if letter.drill and values:
        first = next(iter(values))
        values[first] = (wording.drill_word(letter.language) + values[first])[:_LONGEST]
    return json.dumps(values, ensure_ascii=False)
