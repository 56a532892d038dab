"""Channels: budgets, desk cases, outcomes"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _telephones()


def downgrade() -> None:
    op.drop_table("contact_tests")
    op.drop_table("responder_pins")
    op.drop_table("stopped_contacts")
    op.drop_index("ix_outbox_phone", "outbox")
    op.drop_column("attempts", "line")


def _telephones() -> None:
    """Which line carried a call, who said STOP, who proved a telephone."""
    text = sqlmodel.sql.sqltypes.AutoString
    instant = store.columns.UTCDateTime
    op.add_column("attempts", sa.Column("line", text(), nullable=True))
    phones = sa.text("channel IN ('voice', 'sms')")
    op.create_index("ix_outbox_phone", "outbox", ["not_before"], sqlite_where=phones, postgresql_where=phones)
    op.create_table(
        "stopped_contacts",
        sa.Column("responder_id", text(), nullable=False),
        sa.Column("channel", text(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("at", instant(length=32), nullable=False),
        sa.Column("why", text(), nullable=False),
        sa.PrimaryKeyConstraint("responder_id", "channel", name=op.f("pk_stopped_contacts")),
    )
    op.create_table(
        "responder_pins",
        sa.Column("responder_id", text(), nullable=False),
        sa.Column("pin", sa.LargeBinary(), nullable=False),
        sa.Column("set_at", instant(length=32), nullable=False),
        sa.PrimaryKeyConstraint("responder_id", name=op.f("pk_responder_pins")),
    )
    op.create_table(
        "contact_tests",
        sa.Column("id", text(), nullable=False),
        sa.Column("responder_id", text(), nullable=False),
        sa.Column("channel", text(), nullable=False),
        sa.Column("point", sa.Integer(), nullable=False),
        sa.Column("ordered_at", instant(length=32), nullable=False),
        sa.Column("ordered_by", text(), nullable=False),
        sa.Column("sent_at", instant(length=32), nullable=True),
        sa.Column("status", text(), nullable=False),
        sa.Column("reference", text(), nullable=True),
        sa.Column("word", text(), nullable=True),
        sa.Column("reason", text(), nullable=True),
        sa.Column("digit", text(), nullable=False),
        sa.Column("proved_at", instant(length=32), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'accepted', 'failed', 'proved')",
            name=op.f("ck_contact_tests_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_tests")),
    )
    op.create_index("ix_contact_tests_responder_id", "contact_tests", ["responder_id"])
    waiting = sa.text("status IN ('pending', 'sending')")
    op.create_index(
        "ix_contact_tests_open", "contact_tests", ["ordered_at"], sqlite_where=waiting, postgresql_where=waiting
    )
