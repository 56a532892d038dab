"""Decoders of platforms and trackers: networks of radio masts, cloud pushes, watches."""

from collections.abc import Mapping

from broker_bridge.decoders import (
    aiqiangua,
    chirpstack,
    ctwing,
    dexa,
    eldercare,
    g616,
    iotda,
    jjt,
    milesight,
    onenet,
    owntracks,
    thingsboard,
    traccar,
    ttn,
    withings,
)
from broker_bridge.decoders.reading import Decoder

PLATFORMS: Mapping[str, Decoder] = {
    "aiqiangua": aiqiangua.decode,
    "chirpstack": chirpstack.decode,
    "ctwing": ctwing.decode,
    "dexa": dexa.decode,
    "eldercare": eldercare.decode,
    "g616": g616.decode,
    "iotda": iotda.decode,
    "jjt": jjt.decode,
    "milesight": milesight.decode,
    "onenet": onenet.decode,
    "owntracks": owntracks.decode,
    "thingsboard": thingsboard.decode,
    "traccar": traccar.decode,
    "ttn": ttn.decode,
    "withings": withings.decode,
}
