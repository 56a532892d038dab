"""Signals, live state, roll-ups"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


_text = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    instant = store.columns.UTCDateTime(length=32)
    op.create_table(
        "levels",
        sa.Column("device_id", _text(), nullable=False),
        sa.Column("kind", _text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("told_at", instant, nullable=False),
        sa.Column("alert_id", _text(), nullable=True),
        sa.PrimaryKeyConstraint("device_id", "kind", name=op.f("pk_levels")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("inbox") as inbox:
        inbox.add_column(sa.Column("site", _text(), nullable=True))
    op.create_index(
        "ix_inbox_unread", "inbox", ["id"],
        sqlite_where=sa.text("kind IN ('unreadable', 'unknown')"),
        postgresql_where=sa.text("kind IN ('unreadable', 'unknown')"),
    )
    op.create_index("ix_devices_external", "devices", ["external"])
    _watched_over(instant)


def _watched_over(instant: sa.types.TypeEngine) -> None:
    """Faults of devices, signs by the hour, what rules remember, homes that have ended."""
    op.create_table(
        "device_faults",
        sa.Column("device_id", _text(), nullable=False),
        sa.Column("fault", _text(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("told_at", instant, nullable=True),
        sa.Column("incident", _text(), nullable=True),
        sa.Column("data", store.columns.PlainJSON(), nullable=False),
        sa.CheckConstraint(
            "fault IN ('silent', 'battery_low', 'tamper', 'not_worn', 'unused', 'test_due', 'sequence_gap', 'clock',"
            " 'config')",
            name=op.f("ck_device_faults_fault"),
        ),
        sa.PrimaryKeyConstraint("device_id", "fault", name=op.f("pk_device_faults")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_device_faults_open", "device_faults", ["fault", "told_at"])
    op.create_table(
        "device_traces",
        sa.Column("device_id", _text(), nullable=False),
        sa.Column("first_at", instant, nullable=False),
        sa.Column("day", _text(), nullable=True),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("boot", sa.BigInteger(), nullable=True),
        sa.Column("config_first", _text(), nullable=True),
        sa.Column("config", _text(), nullable=True),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_traces")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hourly_signs",
        sa.Column("home_id", _text(), nullable=False),
        sa.Column("kind", _text(), nullable=False),
        sa.Column("hour", instant, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("home_id", "kind", "hour", name=op.f("pk_hourly_signs")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hourly_signs_hour", "hourly_signs", ["hour"])
    op.create_table(
        "last_signs",
        sa.Column("home_id", _text(), nullable=False),
        sa.Column("kind", _text(), nullable=False),
        sa.Column("device_id", _text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("home_id", "kind", name=op.f("pk_last_signs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rule_states",
        sa.Column("home_id", _text(), nullable=False),
        sa.Column("rule", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("next_at", instant, nullable=True),
        sa.Column("data", store.columns.PlainJSON(), nullable=False),
        sa.PrimaryKeyConstraint("home_id", "rule", name=op.f("pk_rule_states")),
        sqlite_with_rowid=False,
    )
    waits = sa.text("next_at IS NOT NULL")
    op.create_index("ix_rule_states_due", "rule_states", ["next_at"], sqlite_where=waits, postgresql_where=waits)
    with op.batch_alter_table("homes") as homes:
        homes.add_column(sa.Column("ended_at", instant, nullable=True))
        homes.add_column(sa.Column("ended_by", _text(), nullable=True))
    op.create_index("ix_care_calls_home_id", "care_calls", ["home_id"])
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index("ix_homes_ended", "homes", ["id"], sqlite_where=ended, postgresql_where=ended)
    with op.batch_alter_table("telemetry") as telemetry:
        telemetry.add_column(sa.Column("reading", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_index("ix_homes_ended", "homes")
    op.drop_index("ix_care_calls_home_id", "care_calls")
    with op.batch_alter_table("telemetry") as telemetry:
        telemetry.drop_column("reading")
    with op.batch_alter_table("homes") as homes:
        homes.drop_column("ended_by")
        homes.drop_column("ended_at")
    for table in ("rule_states", "last_signs", "hourly_signs", "device_traces", "device_faults"):
        op.drop_table(table)
    op.drop_index("ix_devices_external", "devices")
    op.drop_index("ix_inbox_unread", "inbox")
    with op.batch_alter_table("inbox") as inbox:
        inbox.drop_column("site")
    op.drop_table("levels")
