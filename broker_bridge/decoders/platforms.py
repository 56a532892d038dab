"""Decoders of platforms and trackers: networks of radio masts, cloud pushes, watches."""

from collections.abc import Mapping

from broker_bridge.decoders.reading import Decoder

PLATFORMS: Mapping[str, Decoder] = {}
