"""Tells: hand-over, indicators, reports and follow-up, out of what the ledger holds."""
