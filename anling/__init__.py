"""Starts: the one command line, and the wiring of all rooms into one process or several."""
