"""Doubts: checks the ledger with queries of its own, presses a probe, and tells the outside that we live."""
