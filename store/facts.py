"""What the register knows of a home that a plan may ask for, as codes: never a name, never a word of a card.

Read when an alert is raised, and only what the plan in force asks: then pinned to the alert.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from store import register
from store.ledger import Tx

#: what cards call it, beside a field of the fact's own name
_WORDS: Mapping[str, tuple[str, ...]] = {
    "dementia": ("dementia", "alzheimer", "痴呆", "失智", "认知障碍", "阿尔茨海默"),
    "home_bed": ("home bed", "家庭病床"),
}
#: lists of an access card that name people -> their role
_ACCESS = {"key_holders": "key_holder", "neighbours": "neighbour"}


def facts_of(tx: Tx, homes: Iterable[str], asked: frozenset[str]) -> dict[str, frozenset[str]]:
    """Home -> the codes among ``asked``: ``dementia``, ``home_bed``, ``family:ID``, ``key_holder:ID`` …"""
    wanted = set(homes)
    if not wanted or not asked & {*_WORDS, *_ACCESS.values(), "family"}:
        return dict.fromkeys(wanted, frozenset())
    residents = register.residents_of(tx, wanted)
    access = register.accesses_of(tx, wanted) if asked & set(_ACCESS.values()) else {}
    return {home: facts_in(residents[home], access.get(home, {}), asked) for home in wanted}


def facts_in(
    residents: Iterable[Mapping[str, Any]], access: Mapping[str, Any], asked: frozenset[str]
) -> frozenset[str]:
    """The codes among ``asked`` that these cards bear out."""
    found = {code for card in residents for code in _of_resident(card)} | set(_of_access(access))
    return frozenset(code for code in found if code.partition(":")[0] in asked)


def _of_resident(card: Mapping[str, Any]) -> Iterator[str]:
    medical = card.get("medical")
    health = medical if isinstance(medical, Mapping) else {}
    said = f"{health.get('conditions')} {health.get('services')} {card.get('services')}".lower()
    for fact, words in _WORDS.items():
        if card.get(fact) or health.get(fact) or any(word in said for word in words):
            yield fact
    for contact in _list(card.get("contacts")):
        if isinstance(contact, Mapping) and isinstance(contact.get("responder"), str):
            role = "neighbour" if contact.get("relation") in ("neighbour", "邻居") else "family"
            yield f"{role}:{contact['responder']}"
            if contact.get("has_key"):
                yield f"key_holder:{contact['responder']}"


def _of_access(access: Mapping[str, Any]) -> Iterator[str]:
    for name, role in _ACCESS.items():
        for id in _list(access.get(name)):
            if isinstance(id, str):
                yield f"{role}:{id}"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
