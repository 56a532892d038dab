"""Channels speak: one file per way of reaching a human. A failed delivery is a value, never an exception."""
