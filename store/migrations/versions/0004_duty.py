"""Duty: overrides, absences, holidays"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    instant = store.columns.UTCDateTime(length=32)
    op.create_table(
        "duty_history",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("subject", text(), nullable=False),
        sa.Column("value", store.columns.PlainJSON(), nullable=True),
        sa.Column("ends_at", instant, nullable=True),
        sa.Column("by", text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('team', 'responder', 'override', 'swap', 'absence', 'deputy', 'holiday')",
            name=op.f("ck_duty_history_kind"),
        ),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_duty_history")),
    )
    op.create_index("ix_duty_history_subject", "duty_history", ["kind", "subject", "n"])
    op.create_table(
        "contact_proofs",
        sa.Column("responder", text(), nullable=False),
        sa.Column("channel", text(), nullable=False),
        sa.Column("mark", text(), nullable=False),
        sa.Column("proved_at", instant, nullable=True),
        sa.Column("broken_at", instant, nullable=True),
        sa.Column("broken_why", text(), nullable=True),
        sa.PrimaryKeyConstraint("responder", "channel", "mark", name=op.f("pk_contact_proofs")),
    )


def downgrade() -> None:
    op.drop_table("contact_proofs")
    op.drop_table("duty_history")
