"""The indexes. Apart from the tables, because only a migration needs them: a server that starts does not.

Partial indexes keep what is open small, however much has been closed, and keep a planner
without statistics from walking all open rows when it looks for one.
"""

from typing import Any

from sqlalchemy import Index, text

from store.tables import metadata

__all__ = ["metadata"]


def _index(name: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    """An index on a table of the ledger: ``table: column``, further columns, and which rows it holds."""
    table, _, first = columns[0].partition(": ")
    held: dict[str, Any] = {} if where is None else {"sqlite_where": text(where), "postgresql_where": text(where)}
    named = [metadata.tables[table].c[column] for column in (first, *columns[1:])]
    Index(name, *named, unique=unique, **held)


_index("ix_inbox_pending", "inbox: id", where="outcome = 'pending'")
_index("ix_inbox_loose_cancel", "inbox: device_id", where="kind = 'cancel' AND alert_id IS NULL")
_index("ix_inbox_unread", "inbox: id", where="kind IN ('unreadable', 'unknown')")
_index("ix_devices_external", "devices: external")
#: at most one open alert per subject and drill flag (invariant 16)
_index("uq_alerts_open_subject", "alerts: subject", "drill", where="state = 'open'", unique=True)
_index("ix_alerts_open", "alerts: id", where="state = 'open'")
_index("ix_alerts_closed_at", "alerts: closed_at", where="state = 'closed'")
_index("ix_alerts_subject", "alerts: subject")
_index("ix_alerts_unlit", "alerts: id", where="lit <> stage")
_index("ix_tracks_due_at", "tracks: due_at", where="due_at IS NOT NULL")
_index("ix_outbox_ready", "outbox: repeats", "not_before", where="status = 'pending'")
_index("ix_outbox_leases", "outbox: lease_until", where="status = 'leased'")
_index("ix_outbox_alert_id", "outbox: alert_id", "person")
#: telephone rows by when they were last dealt with: which calls ring, which have no end yet
_index("ix_outbox_phone", "outbox: not_before", where="channel IN ('voice', 'sms')")
_index("ix_contact_tests_open", "contact_tests: ordered_at", where="status IN ('pending', 'sending')")
_index("ix_heard_once_until", "heard_once: until")
_index("ix_attempts_reference", "attempts: reference")
#: the watch asks how the newest attempts went
_index("ix_attempts_started_at", "attempts: started_at")
_index("ix_telemetry_received_at", "telemetry: received_at")
_index("ix_read_audit_at", "read_audit: at")
_index("ix_tasks_open", "tasks: kind", "key", where="done_at IS NULL")
_index("ix_duty_history_subject", "duty_history: kind", "subject", "n")
_index("ix_checkins_due", "checkins: next_at", where="state = 'open'")
_index("ix_care_calls_waiting", "care_calls: key", where="status IN ('pending', 'sending')")
_index("ix_errands_unsaid", "errands: id", where="said_at IS NULL")
_index("ix_inbox_checkin_ok", "inbox: device_id", "received_at", where="kind = 'checkin_ok'")
_index("ix_desk_cases_silent_at", "desk_cases: silent_at", where="silent_at IS NOT NULL")
_index("ix_care_calls_home_id", "care_calls: home_id")
_index("ix_device_faults_open", "device_faults: fault", "told_at")
_index("ix_hourly_signs_hour", "hourly_signs: hour")
_index("ix_rule_states_due", "rule_states: next_at", where="next_at IS NOT NULL")
_index("ix_homes_ended", "homes: id", where="ended_at IS NOT NULL")
