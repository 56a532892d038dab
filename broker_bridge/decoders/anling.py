"""Our own protocol as one dialect among the others, so that one command and one door read everything."""

from datetime import UTC, datetime

from broker_bridge.decode import hear
from broker_bridge.decoders.reading import Reading, Translation, unreadable
from domain.events import Event, Message

#: a status has no id and takes one from its moment of arrival, which a decoder does not know
_NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """What the envelope says; the role changes nothing, a device of ours says itself what it means."""
    del role
    heard = hear(Message(topic, payload, _NO_MOMENT))
    if heard.event is None:
        return unreadable(heard.unreadable or "unreadable", heard.device)
    return Translation((_reading(heard.event),))


def _reading(event: Event) -> Reading:
    return Reading(
        event.kind, event.data, event.device or None, ts=event.ts, drill=event.drill, id=event.id, said=event.said
    )
