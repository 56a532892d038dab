"""Other makers' devices: how they are named in a message, and which of ours the register says they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.events import Heard, Message


@dataclass(frozen=True, slots=True)
class Outside:
    """A device as its maker names it."""

    dialect: str
    #: the hub's site; None for what a platform pushes over HTTP
    site: str | None
    #: spellings under which the register may know it, the most exact first
    names: tuple[str, ...]
    #: the hub itself
    hub: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """The device of the register that it is."""

    device: str
    role: str | None


#: first pass: whom does this message name?
Names = Callable[[Message], tuple[Outside, ...]]
#: second pass: what does each of them say, now that the register has told who they are
Translate = Callable[[Message, Mapping[Outside, Inside]], tuple[Heard, ...]]
