"""Who was asked for what: the alerts a person hears of, and the case numbers they carry."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from domain.desk import ENDED
from store.alerts import ALERTS
from store.cases import CASES
from store.ledger import Tx
from store.outbox import ATTEMPTS, OUTBOX


@dataclass(frozen=True, slots=True)
class Asked:
    """A person was asked to come to this alert."""

    alert: str
    person: str
    open: bool
    closed_by: str | None


def asked_of(tx: Tx, people: Iterable[str], since: datetime) -> list[Asked]:
    """Alerts for which these people were asked: all open ones, closed ones that were raised since; newest first."""
    c, a = OUTBOX.c, ALERTS.c
    query = (
        sa.select(a.id, c.person, a.state, a.closed_by)
        .join(OUTBOX, c.alert_id == a.id)
        .where(c.person.in_(set(people)), c.purpose == "contact")
        .where(sa.or_(a.state == "open", a.closed_at >= since))
        .distinct()
        .order_by(a.id.desc(), c.person)
    )
    return [Asked(id, person, state == "open", by) for id, person, state, by in tx.execute(query)]


def everybody_asked(tx: Tx) -> list[tuple[str, str]]:
    """(alert, person) for all open alerts."""
    c, a = OUTBOX.c, ALERTS.c
    query = sa.select(a.id, c.person).join(OUTBOX, c.alert_id == a.id)
    query = query.where(a.state == "open", c.purpose == "contact").distinct().order_by(a.id.desc(), c.person)
    return [(id, person) for id, person in tx.execute(query)]


def newest_case(tx: Tx, alert_id: str, person: str) -> str | None:
    """The case number that the desk gave this alert; None also when the desk has ended that case."""
    ended = sa.exists().where(
        CASES.c.alert_id == alert_id, CASES.c.person == person, CASES.c.number == ATTEMPTS.c.reference,
        CASES.c.state.in_(ENDED),
    )  # fmt: skip
    query = (
        sa.select(sa.case((ended, None), else_=ATTEMPTS.c.reference))
        .join(OUTBOX, OUTBOX.c.key == ATTEMPTS.c.key)
        .where(OUTBOX.c.alert_id == alert_id, OUTBOX.c.person == person, OUTBOX.c.channel == "dispatch_120")
        .where(OUTBOX.c.purpose == "contact", ATTEMPTS.c.reference.is_not(None))
        .order_by(ATTEMPTS.c.started_at.desc())
        .limit(1)
    )
    return tx.execute(query).scalar()
