"""All pages beside the board."""

from fastapi import APIRouter

from api.leaves import (
    account,
    audit,
    day,
    drills,
    due,
    duty,
    edit,
    homes,
    imports,
    live,
    map,
    messages,
    people,
    plans,
    reports,
    shift,
    users,
)

_LEAVES = (
    live, homes, day, map, duty, messages, people, due, edit, plans, drills, reports, imports, users, audit, shift,
    account,
)  # fmt: skip
ROUTERS: tuple[APIRouter, ...] = tuple(leaf.router for leaf in _LEAVES)
