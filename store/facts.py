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
    found: dict[str, set[str]] = {home: set() for home in wanted}
    if not wanted or not asked & {*_WORDS, *_ACCESS.values(), "family"}:
        return {home: frozenset(codes) for home, codes in found.items()}
    for home, residents in register.residents_of(tx, wanted).items():
        for card in residents:
            found[home] |= set(_of_resident(card))
    if asked & set(_ACCESS.values()):
        for home, access in register.accesses_of(tx, wanted).items():
            found[home] |= set(_of_access(access))
    return {home: frozenset(c for c in codes if c.partition(":")[0] in asked) for home, codes in found.items()}


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
