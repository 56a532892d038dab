"""Everything that can be refused, and what the person refused should do about it.

    AnlingError
    ├── ConfigurationError      the settings, plan or site file are wrong (all problems at once)
    ├── NotFound                no such alert, home, person
    ├── Forbidden               this person may not do that
    ├── Held                    somebody else has it (who, until when)
    ├── Refused                 the command makes no sense now (closed alert, unknown step)
    │   └── Overtaken           somebody else changed it since it was read
    ├── Unreachable             a provider cannot say now what became of a call; it is asked again
    └── LedgerUnavailable       the database did not take it; nothing was lost, try again

A delivery that fails is not an error but a value: see ``domain.contacts``.
"""

from collections.abc import Sequence
from datetime import datetime


class AnlingError(Exception):
    """The root: catch it to tell the person what to do next."""


class ConfigurationError(AnlingError):
    """Settings or files that cannot be used; ``problems`` lists all of them, each with its remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class NotFound(AnlingError):
    """What was named is not in the ledger."""


class Forbidden(AnlingError):
    """The person is known but may not do this."""


class Held(AnlingError):
    """Somebody else has the claim."""

    def __init__(self, holder_id: str, holder_name: str, until: datetime | None) -> None:
        self.holder_id = holder_id
        self.holder_name = holder_name
        self.until = until
        super().__init__(f"held by {holder_id}")


class Refused(AnlingError):
    """A command that the present state does not allow; the text says which would be."""


class Unreachable(AnlingError):
    """The provider could not be asked what became of a call, or does not know yet; ask again later."""


class Overtaken(Refused):
    """Somebody else changed the row since it was read. Read it again and decide anew."""


class LedgerUnavailable(AnlingError):
    """The database did not take the write. The caller must try again; nothing was acknowledged."""


class LedgerCollision(AnlingError):
    """Another writer was faster, or a constraint forbids the write. Read again and decide anew."""


class Unfit(ValueError):
    """A value that no database of ours can hold, whoever tries again. No AnlingError: trying again helps nobody."""


class Unreadable(AnlingError):
    """A stored value cannot be opened: the secret key is not the one it was sealed with."""
