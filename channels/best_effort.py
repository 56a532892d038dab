"""Apprise, an optional extra: a hundred further services, tried beside the plan and never counted on.

It calls a message sent when the service answered HTTP 200, also when the service threw it
away; so whatever it says, the contact has not been made and the next way is tried.
"""

from dataclasses import replace

from channels.health import Health
from channels.pulsed import Pulsed
from channels.wording import chat
from domain.contacts import FailedForGood, Letter, Result


class BestEffort(Pulsed):
    """``channel = "apprise"``; ``address`` is one of Apprise's URLs. Never accepted."""

    name = "apprise"

    def health(self) -> Health:
        """Failures in a row are this channel's normal state and make nobody look."""
        return replace(super().health(), failures=0)

    def _deliver(self, letter: Letter) -> Result:
        try:
            import apprise
        except ImportError:
            return FailedForGood("not installed: pip install 'anling[apprise]'", code="extra")
        service = apprise.Apprise()
        if not service.add(letter.address):
            return FailedForGood("not an Apprise address", code="address")
        head, _, rest = chat(letter, self._wall()).partition("\n")
        said = "tried" if service.notify(body=rest, title=head) else "not taken"
        return FailedForGood(f"best effort only: {said}", code="best_effort")
