"""Somebody telephones for a place that no register knows: what such an alert hangs on, and where its address stands."""

#: an alert of such a call has a subject of its own, ``call-`` and an id
BY_TELEPHONE = "call-"
_BETWEEN = "; "


def told(address: str | None, note: str | None, phone: str | None) -> str | None:
    """What was said, in one line as the timeline keeps it: the address first, by itself."""
    place = " ".join((address or "").replace(_BETWEEN, ", ").split())
    return _BETWEEN.join(t for t in (place, note, phone) if t) or None


def place(said: str) -> str:
    """The address in what was said of a place without a home."""
    return said.split(_BETWEEN)[0]
