"""A signed POST to a responder's own system; it may claim in the same breath."""

from channels.exchange import Answer, Failed
from channels.message import decode, encode, envelope
from channels.pulsed import refusal
from channels.signed_post import SignedPost
from domain.contacts import Accepted, Letter, Result


class Webhook(SignedPost):
    """``channel = "webhook"`` (wire.md section 5). 2xx is accepted, which is not yet a claim."""

    name = "webhook"

    def _deliver(self, letter: Letter) -> Result:
        body = encode(envelope(letter, letter.purpose))
        answer = self._post(letter, body)
        return refusal(answer) or _accepted(answer)


def _accepted(answer: Answer | Failed) -> Accepted:
    """A claim names its person; a claim by nobody is none, because it would silence the ladder."""
    said = decode(answer.body) if isinstance(answer, Answer) else {}
    person = said.get("responder")
    if said.get("ack") == "claim" and isinstance(person, str) and person.strip():
        return Accepted(claimed_by=person.strip())
    return Accepted()
