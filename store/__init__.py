"""Keeps: one ledger for everything, written in one transaction per stage. Rows never leave this room."""
