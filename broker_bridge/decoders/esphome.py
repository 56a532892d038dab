"""ESPHome: small boards that publish ``{node}/{component}/{name}/state`` as text, retained by default.

``ON`` of a pull cord is played back at every start of ours: it is told apart by the broker's retain flag
and by what the device last said, not here.
"""

from broker_bridge.decoders import body, entities, traits, value
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from domain.events import Kind


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """A state by its component and name, the node's will and birth, logs."""
    levels = topic.split("/")
    if levels[-1] in ("command", "config", "set", "debug") or levels[-1].endswith("_command"):
        return noise(levels[0], levels[-1])
    if levels[-1] == "status":
        return _status("/".join(levels[:-1]), payload)
    text = body.text(payload)
    if "\ufffd" in text:
        return unreadable("payload: not text", levels[0])
    if not text:
        return noise(levels[0], "the topic was cleared")
    for n in range(1, len(levels) - 1):
        if levels[n] in entities.COMPONENTS:
            return _state("/".join(levels[:n]), levels[n], levels[n + 1], text, role, payload)
    said, _ = body.fields(payload)
    return sort(traits.read(said, levels[0], role)) if said else unknown(levels[0], text)


def _state(node: str, component: str, name: str, text: str, role: str | None, payload: bytes) -> Translation:
    said, _ = body.fields(payload)
    if said is not None:
        if "event_type" in said:
            return sort([entities.event(said["event_type"], name, role, node)])
        return sort(traits.read(said, node, role))
    return sort(entities.state(component, name, text, role, node))


def _status(node: str, payload: bytes) -> Translation:
    """Birth and will of the node, as text."""
    word = value.word(body.text(payload))
    kind = {"online": Kind.HEARTBEAT, "offline": Kind.OFFLINE}.get(word)
    if kind is None:
        return noise(node, "cleared") if not word else unknown(node, word)
    return Translation((Reading(kind, {"state": word}, node),))
