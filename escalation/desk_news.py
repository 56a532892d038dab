"""What the 120 desk hears between its own turns: who goes, whether the door opens, how the person is.

Pure. Its crew is on the road while a key holder arrives or the door stays shut; each letter names the case and
carries the way in and the story so far as they are when it is sent. It informs, and asks for nothing (wire.md
section 5).
"""

from domain.alerts import Entry
from domain.contacts import Purpose
from escalation.claims import involved
from escalation.sheet import LATER, Order, Sheet

_DESK = "dispatch_120"
_NEWS = frozenset({"claimed", "accepted", "released", "claim_expired", "progress", "voice_check"})
_EVENTS = {"accepted": "claimed", "claim_expired": "expired"}


def tell_desk(sheet: Sheet) -> None:
    """Once in a decision, by the desk's own system, to each desk that was asked and is not told otherwise."""
    news = sheet.newest(_NEWS)
    if news is None or sheet.field("closed_at") is not None:
        return
    told = {news.by} | sheet.addressed
    for track in sheet.field("tracks"):
        for id, role in involved(track).items():
            person = sheet.roster.responders.get(id)
            ways = [p for p in sheet.ways(person, role) if p.channel == _DESK] if person and role == _DESK else []
            if ways and id not in told:
                told.add(id)
                key = f"{sheet.alert.id}/{track.name}/{track.gen}/inform.{sheet.alert.version + 1}/{id}/{_DESK}/1"
                about = _about(sheet, news)
                sheet.order(Order(key, Purpose.INFORM, track.name, track.gen, id, role, tuple(ways), LATER, about))


def _about(sheet: Sheet, news: Entry) -> dict[str, object]:
    person = sheet.roster.responders.get(news.by)
    who = {"by": news.by, "name": person.name, "role": person.role} if person else {"by": news.by}
    said = {name: news.data[name] for name in ("step", "result") if name in news.data}
    return {"event": _EVENTS.get(news.type, news.type)} | who | said
