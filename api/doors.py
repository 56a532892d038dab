"""What every door has at hand: the other rooms, the lanes, the words, the counters in memory."""

from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from api.answers import Answers
from api.lanes import Lanes
from api.language import load
from api.parts import App
from api.shelf import Shelf
from api.throttle import Throttle
from domain.words import Catalogue


@dataclass(frozen=True, slots=True)
class Doors:
    """One process's doors."""

    app: App
    lanes: Lanes = field(default_factory=Lanes)
    throttle: Throttle = field(default_factory=Throttle)
    answers: Answers = field(default_factory=Answers)
    words: Catalogue = field(default_factory=load)
    #: set when built: hot lists until the next commit
    shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shelf", Shelf(self.app.doorbell.watch()))

    @property
    def cookie_name(self) -> str:
        """With ``__Host-`` no other host and no plain HTTP page can set it."""
        return "__Host-anling_session" if self.app.settings.secure_cookies else "anling_session"


def doors(conn: HTTPConnection) -> Doors:
    """The doors of the application that serves this request."""
    here = conn.app.state.doors
    assert isinstance(here, Doors)
    return here
