"""Runs ``anling`` as on a machine without Mosquitto: ``python without_mosquitto.py COMMAND…``."""

import broker_bridge.embedded
from anling.cli import main

if __name__ == "__main__":
    broker_bridge.embedded.find_mosquitto = lambda: None
    main()
