"""Decides who must be asked now, and does not rest before a person has answered."""
