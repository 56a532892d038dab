"""Decoders of hubs that stand in the home: radio bridges, home automation, small boards."""

from collections.abc import Mapping

from broker_bridge.decoders import z2m
from broker_bridge.decoders.reading import Decoder

HUBS: Mapping[str, Decoder] = {
    "z2m": z2m.decode,
}
