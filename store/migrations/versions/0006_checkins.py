"""Check-ins, times away, care calls, words for devices; the last sign of life of each device"""

import json

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString


def _at(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, store.columns.UTCDateTime(length=32), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("homes") as homes:
        homes.add_column(sa.Column("checkin_opens", sa.Integer(), nullable=True))
        homes.add_column(sa.Column("checkin_by", sa.Integer(), nullable=True))
        homes.add_column(sa.Column("checkin_activity", sa.Boolean(), nullable=True))
        homes.add_column(_at("checkin_since", nullable=True))
    with op.batch_alter_table("device_states") as states:
        states.add_column(_at("last_life", nullable=True))
    op.create_table(
        "checkins",
        sa.Column("day", _text(), nullable=False),
        sa.Column("home_id", _text(), nullable=False),
        sa.Column("street", _text(), nullable=True),
        sa.Column("state", _text(), nullable=False),
        _at("opened_at"),
        _at("by_at"),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        _at("last_at", nullable=True),
        _at("next_at", nullable=True),
        _at("settled_at", nullable=True),
        sa.Column("way", _text(), nullable=True),
        sa.Column("by", _text(), nullable=True),
        sa.Column("alert_id", _text(), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'ok', 'excused', 'missed')", name=op.f("ck_checkins_state")),
        sa.CheckConstraint(
            "(state = 'open') = (next_at IS NOT NULL)", name=op.f("ck_checkins_an_open_one_has_a_timer")
        ),
        sa.PrimaryKeyConstraint("day", "home_id", name=op.f("pk_checkins")),
        sqlite_with_rowid=False,
    )
    is_open = sa.text("state = 'open'")
    op.create_index("ix_checkins_due", "checkins", ["next_at"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "aways",
        sa.Column("id", _text(), nullable=False),
        sa.Column("home_id", _text(), nullable=False),
        sa.Column("kind", _text(), nullable=False),
        _at("from_at"),
        _at("until_at", nullable=True),
        sa.Column("by", _text(), nullable=False),
        _at("ended_at", nullable=True),
        sa.Column("ended_by", _text(), nullable=True),
        sa.CheckConstraint("kind IN ('away', 'hospital')", name=op.f("ck_aways_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aways")),
    )
    op.create_index("ix_aways_home_id", "aways", ["home_id"])
    op.create_table(
        "care_calls",
        sa.Column("key", _text(), nullable=False),
        sa.Column("home_id", _text(), nullable=False),
        sa.Column("day", _text(), nullable=False),
        sa.Column("responder", _text(), nullable=True),
        sa.Column("channel", _text(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        _at("created_at"),
        sa.Column("status", _text(), nullable=False),
        _at("settled_at", nullable=True),
        sa.Column("reference", _text(), nullable=True),
        sa.Column("reason", _text(), nullable=True),
        sa.Column("answer", _text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'sent', 'answered', 'failed')", name=op.f("ck_care_calls_status")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_care_calls")),
        sqlite_with_rowid=False,
    )
    waiting = sa.text("status IN ('pending', 'sending')")
    op.create_index("ix_care_calls_waiting", "care_calls", ["key"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "errands",
        sa.Column("id", _text(), nullable=False),
        sa.Column("device_id", _text(), nullable=False),
        sa.Column("command", _text(), nullable=False),
        sa.Column("data", store.columns.PlainJSON(), nullable=False),
        _at("created_at"),
        _at("said_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errands")),
        sqlite_with_rowid=False,
    )
    unsaid = sa.text("said_at IS NULL")
    op.create_index("ix_errands_unsaid", "errands", ["id"], sqlite_where=unsaid, postgresql_where=unsaid)
    said = sa.text("kind = 'checkin_ok'")
    op.create_index(
        "ix_inbox_checkin_ok", "inbox", ["device_id", "received_at"], sqlite_where=said, postgresql_where=said
    )
    _carry_over()


def _carry_over() -> None:
    """Rules that were kept and not used are in force from the next day on."""
    from datetime import UTC, datetime

    from domain.checkins import Way, read_rule

    homes = sa.table(
        "homes",
        sa.column("id"),
        sa.column("checkin", store.columns.PlainJSON()),
        sa.column("checkin_opens"),
        sa.column("checkin_by"),
        sa.column("checkin_activity"),
        sa.column("checkin_since", store.columns.UTCDateTime()),
    )
    connection, now = op.get_bind(), datetime.now(UTC)
    for id, said in connection.execute(sa.select(homes.c.id, homes.c.checkin).where(homes.c.checkin.is_not(None))):
        rule = read_rule(json.loads(said) if isinstance(said, str) else said, [])
        if rule is not None:
            connection.execute(
                sa.update(homes)
                .where(homes.c.id == id)
                .values(
                    checkin_opens=rule.opens,
                    checkin_by=rule.by,
                    checkin_activity=Way.ACTIVITY in rule.ways,
                    checkin_since=now,
                )
            )


def downgrade() -> None:
    op.drop_index("ix_inbox_checkin_ok", "inbox")
    for table in ("errands", "care_calls", "aways", "checkins"):
        op.drop_table(table)
    with op.batch_alter_table("device_states") as states:
        states.drop_column("last_life")
    with op.batch_alter_table("homes") as homes:
        for name in ("checkin_opens", "checkin_by", "checkin_activity", "checkin_since"):
            homes.drop_column(name)
