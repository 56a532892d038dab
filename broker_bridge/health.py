"""How the bridge is, for the page that says whether the way from button to phone is alive."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaneHealth:
    """How one lane is. Ages in seconds; None: not yet, or nothing there."""

    name: str
    connected: bool
    #: connections so far
    epoch: int
    last_message_age: float | None
    #: messages that came and are not in the ledger
    queue: int
    oldest_unstored_age: float | None
    dropped: int
    possible_losses: int
    stale_acks: int
    #: MQTT version: 5, or 4 for 3.1.1
    protocol: int


@dataclass(frozen=True, slots=True)
class BridgeHealth:
    """How the way from the broker to the ledger is."""

    lanes: tuple[LaneHealth, ...]
    probe_round_trip: float | None
    probe_age: float | None

    def lane(self, name: str) -> LaneHealth:
        """The lane ``alarm``, ``telemetry`` or ``vendor``."""
        return next(lane for lane in self.lanes if lane.name == name)
