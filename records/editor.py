"""The register row by row: read for a form, changed with everything checked, and never written over unseen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from domain.clock import iso, wall_now
from domain.errors import ConfigurationError, Forbidden, NotFound, Overtaken, Refused
from domain.people import LEADS, Scope
from escalation.admission import admission
from records.imports import admitting, foreign
from store.ends import CHANGES, ended_at
from store.ledger import Ledger, Tx
from store.log_ins import let_in, shut_at, shut_out
from store.merge import laid_over
from store.reads import write_down
from store.register import Register
from store.register_rows import as_site, last_change, mark_of, row_of, write_change
from store.site import Site, check_site

_KEY = {"streets": "code"}
#: rows whose cards are merged with what the register holds: a field is taken away only by saying so
_CARDS = frozenset({"homes", "residents"})
#: what is written down when a row is opened for editing
_PERSONAL = {"homes": "access card", "residents": "medical card", "responders": "contact points"}
#: channels whose address is a key by itself
SECRET_ADDRESS = frozenset({"webhook", "dispatch_120", "wecom", "dingtalk", "feishu", "apprise"})
_TRIES = 3
_STEPPED = frozenset({"devices", "hubs", "residents", "responders"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row as a form shows it: neither door code nor secrets; a list's parts carry their place as ``kept``."""

    value: Mapping[str, Any]
    #: tells whether the row was changed since
    mark: str
    #: a door code lies on the card
    coded: bool = False
    #: shut out at the broker since (devices, hubs)
    shut_at: Any = None
    #: lives there, or comes, no more since (residents, responders)
    ended_at: Any = None


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants the register to hold."""

    noun: str
    id: str
    said: Mapping[str, Any]
    #: the row must not be there yet; else it must be
    new: bool = False
    #: the mark of the row as it was seen; None: whatever it is now
    seen: str | None = None
    #: everything is checked, nothing stays
    trial: bool = False


class Editor:
    """Reads and changes single rows."""

    def __init__(self, ledger: Ledger, zone: ZoneInfo) -> None:
        self._ledger = ledger
        self._zone = zone

    def row(self, scope: Scope, noun: str, id: str) -> Row:
        """One row for a form; who opens a card is written down. Raises ``Forbidden`` or ``NotFound``."""
        with self._ledger.transaction() as tx:
            known = _known(tx, scope, noun, id)
            if known is None:
                raise NotFound(f"no {id} in {noun}")
            if noun in _PERSONAL:
                write_down(tx, wall_now(), scope.operator, _PERSONAL[noun], id, "edit form")
            coded = bool(noun == "homes" and (known.get("access") or {}).get("door_code"))
            shut = shut_at(tx, id) if noun in ("devices", "hubs") else None
            return Row(_shown(noun, known), mark_of(tx, noun, id, known), coded, shut, ended_at(tx, noun, id))

    def changed(self, noun: str, id: str) -> tuple[str, Any] | None:
        """Who changed a row last, and when, as far as the audit tells."""
        with self._ledger.reading() as tx:
            return last_change(tx, noun, id)

    def edit(self, scope: Scope, edit: Edit) -> dict[str, Any]:
        """One row laid down or changed: what is not said stays. Audited with the change itself.

        Raises ``Forbidden``, ``NotFound``, ``Refused`` (is there already), ``Overtaken`` (changed since it was seen),
        ``ConfigurationError`` (all that is wrong).
        """
        for left in reversed(range(_TRIES)):
            try:
                return self._edit(scope, edit)
            except Overtaken:
                if edit.seen is not None or not left:
                    raise
        raise AssertionError("the last try raises or returns")

    def _edit(self, scope: Scope, edit: Edit) -> dict[str, Any]:
        with self._ledger.reading() as tx:
            known = _known(tx, scope, edit.noun, edit.id)
            before = mark_of(tx, edit.noun, edit.id, known)
            if edit.new and known is not None:
                raise Refused(f"there is {edit.id} in {edit.noun} already; change it with PATCH")
            if not edit.new and known is None:
                raise NotFound(f"no {edit.id} in {edit.noun}")
            if edit.seen not in (None, before):
                raise Overtaken(f"{edit.id} was changed meanwhile; read it again, then decide")
            site = check_site(as_site(tx, edit.noun, _whole(known or {}, edit)), edit.noun)
        if scope.streets and (problems := foreign(site, scope)):
            raise ConfigurationError(problems)
        self._keep(scope, edit, site, before)
        return {"id": edit.id, "created": edit.new}

    def _keep(self, scope: Scope, edit: Edit, site: Site, before: str) -> None:
        admit = admitting(self._ledger, self._zone, site)

        def still(tx: Tx) -> None:
            if mark_of(tx, edit.noun, edit.id, row_of(tx, edit.noun, edit.id)) != before:
                raise Overtaken(f"{edit.id} was changed meanwhile; read it again, then decide")

        def then(tx: Tx) -> None:
            if admit:
                admit(tx)
            write_change(tx, scope.operator, edit.noun, edit.id)

        Register(self._ledger).load(
            site, dry_run=edit.trial, partial=True, by=scope.operator, first=still, then=then
        )

    def shut_out(self, scope: Scope, noun: str, id: str) -> None:
        """A device or hub may not log in at the broker any more; what it says by other ways is kept."""
        self._check(scope, noun, id)
        shut_out(self._ledger, id, wall_now(), scope.operator)

    def let_in(self, scope: Scope, noun: str, id: str, secret: str) -> None:
        """With another secret it may log in again."""
        self._check(scope, noun, id)
        if len(secret) < 8:
            raise ConfigurationError(["secret: too short; give at least 8 characters"])
        let_in(self._ledger, id, secret, wall_now(), scope.operator)

    def turn(self, scope: Scope, noun: str, id: str, step: str) -> dict[str, Any]:
        """``end``: a resident moved away or died, a responder comes no more; ``resume``: as before.

        Says since when they are gone; ending twice keeps the first end.
        Raises ``ConfigurationError`` when it would leave hours without anybody of 120 (P4).
        """
        self._check(scope, noun, id)
        now = wall_now()
        admit = admission(self._ledger, self._zone, now, False, lambda _: None) if noun == "responders" else None
        with self._ledger.transaction() as tx:
            CHANGES[step](tx, noun, id, now, scope.operator)
            if admit:
                admit(tx)
            since = ended_at(tx, noun, id)
            return {"id": id, "ended_at": iso(since) if since else None}

    def _check(self, scope: Scope, noun: str, id: str) -> None:
        with self._ledger.reading() as tx:
            if noun not in _STEPPED or _known(tx, scope, noun, id) is None:
                raise NotFound(f"no {id} in {noun}")


def _known(tx: Tx, scope: Scope, noun: str, id: str) -> dict[str, Any] | None:
    """The row; None when there is none. Raises ``NotFound`` for one of other streets, as if there were none."""
    if scope.role not in LEADS:
        raise Forbidden("only administrators and supervisors change the register")
    known = row_of(tx, noun, id)
    if known is not None and scope.streets and foreign(check_site(as_site(tx, noun, known), noun), scope):
        raise NotFound(f"no {id} in {noun}")
    return known


def _whole(known: Mapping[str, Any], edit: Edit) -> dict[str, Any]:
    """The row as it shall be. ``null`` takes a field away; a list's part that names what it was ``kept`` from has
    everything else from there, so that a secret need not be told again."""
    said = {name: _parts(known.get(name), value) for name, value in edit.said.items()}
    said[_KEY.get(edit.noun, "id")] = edit.id
    return _over(known, said) if edit.noun in _CARDS else laid_over(known, said)


def _over(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Like ``laid_over``, but what is taken away stays told: the register lays it over its cards once more."""
    both = {**kept, **said}
    for name, value in said.items():
        if isinstance(value, dict) and isinstance(kept.get(name), dict):
            both[name] = _over(kept[name], value)
    return both


def _parts(kept: Any, said: Any) -> Any:
    if not isinstance(said, list):
        return said
    return [_part(kept if isinstance(kept, list) else [], part) for part in said]


def _part(kept: list[Any], said: Any) -> Any:
    if not isinstance(said, dict) or "kept" not in said:
        return said
    n = said["kept"]
    known = kept[n] if isinstance(n, int) and 0 <= n < len(kept) and isinstance(kept[n], dict) else {}
    return _without_nothing({**known, **{name: value for name, value in said.items() if name != "kept"}})


def _without_nothing(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if part is not None}


def _shown(noun: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is only ever written; places of a list's parts told."""
    shown = dict(known)
    if noun == "homes":
        shown["access"] = {name: v for name, v in (known.get("access") or {}).items() if name != "door_code"}
    for name in ("contacts", "shifts"):
        if isinstance(known.get(name), list):
            shown[name] = [_open(part) | {"kept": n} for n, part in enumerate(known[name]) if isinstance(part, dict)]
    return shown


def _open(part: Mapping[str, Any]) -> dict[str, Any]:
    hidden = {"secret", *(("address",) if part.get("channel") in SECRET_ADDRESS else ())}
    return {name: value for name, value in part.items() if name not in hidden}
