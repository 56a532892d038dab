"""The states of a track as a picture, from the very table that decisions are checked against."""

from domain.alerts import TRANSITIONS


def mermaid() -> str:
    """A Mermaid state diagram; docs/architecture.md holds it, and a test holds the two together."""
    lines = ["stateDiagram-v2"]
    for (before, after), reasons in TRANSITIONS.items():
        lines.append(f"    {before or '[*]'} --> {after}: {', '.join(reasons)}")
    return "\n".join([*lines, "    stood_down --> [*]: the alert is closed"])
