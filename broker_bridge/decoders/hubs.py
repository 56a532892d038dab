"""Decoders of hubs that stand in the home: radio bridges, home automation, small boards."""

from collections.abc import Mapping

from broker_bridge.decoders import esphome, homeassistant, rtl433, shelly, tasmota, theengs, z2m, zwavejs
from broker_bridge.decoders.reading import Decoder

HUBS: Mapping[str, Decoder] = {
    "z2m": z2m.decode,
    "homeassistant": homeassistant.decode,
    "esphome": esphome.decode,
    "shelly": shelly.decode,
    "theengs": theengs.decode,
    "rtl433": rtl433.decode,
    "tasmota": tasmota.decode,
    "zwavejs": zwavejs.decode,
}
