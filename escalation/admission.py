"""Admission of a site file: it may not take the last person from the 120 tier, and its other gaps are told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.errors import ConfigurationError
from escalation.coverage import Gap
from escalation.rota import VITAL, hours, roster_gaps, within
from escalation.staffing import roles_of, shared
from escalation.standing import read_roster
from store.ledger import Ledger, Tx
from store.register import street_codes


def admission(
    ledger: Ledger, zone: ZoneInfo, now: datetime, allow_gaps: bool, warn: Callable[[str], None]
) -> Callable[[Tx], None]:
    """What ``Register.load`` shall ask when a file has been written, before it is committed.

    Raises ``ConfigurationError`` with every hour of the coming fortnight in which nobody of 120 could be called
    and somebody could before (P4). A first import is only warned about: there was nothing to lose.
    """
    end = now + timedelta(days=14)
    with ledger.reading() as tx:
        roster = read_roster(tx, zone, now)
        had = bool(roster.teams_of(VITAL))
        before = roster_gaps(roster, roles_of(None, roster), street_codes(tx), now, end)

    def admit(tx: Tx) -> None:
        after_roster = read_roster(tx, zone, now)
        after = roster_gaps(after_roster, roles_of(None, after_roster), street_codes(tx), now, end)
        fresh = [gap for gap in after if not any(within(gap, old) for old in before)]
        new = shared(fresh, street_codes(tx))
        lost = [_told(gap, zone) for gap in new if gap.role == VITAL]
        if lost and had and not allow_gaps:
            raise ConfigurationError([
                *(f"teams: {hole}: nobody of 120 could be called" for hole in lost),
                "teams: give these hours to somebody with a contact, or import with --allow-gaps",
            ])  # fmt: skip
        for gap in new:
            warn(f"{_told(gap, zone)}: nobody on duty; the next tier is called at once")

    return admit


def _told(gap: Gap, zone: ZoneInfo) -> str:
    return f"{gap.role.replace('_', ' ')} {gap.street or 'everywhere'} {hours(gap, zone)}"
