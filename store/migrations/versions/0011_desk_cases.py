"""Cases at the 120 desk"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, at = sqlmodel.sql.sqltypes.AutoString, store.columns.UTCDateTime
    op.create_table(
        "desk_cases",
        sa.Column("alert_id", text(), nullable=False),
        sa.Column("person", text(), nullable=False),
        sa.Column("key", text(), nullable=False),
        sa.Column("number", text(), nullable=True),
        sa.Column("state", text(), nullable=False),
        sa.Column("at", at(length=32), nullable=False),
        sa.Column("clerk", text(), nullable=True),
        sa.Column("reason", text(), nullable=True),
        sa.Column("silent_at", at(length=32), nullable=True),
        sa.Column("story", store.columns.PlainJSON(), nullable=False),
        sa.CheckConstraint(
            "state IN ('accepted', 'taken', 'dispatched', 'on_scene', 'patient_on_board', 'at_hospital',"
            " 'handed_over', 'closed', 'rejected', 'cancelled')",
            name=op.f("ck_desk_cases_state"),
        ),
        sa.PrimaryKeyConstraint("alert_id", "person", name=op.f("pk_desk_cases")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_desk_cases_number", "desk_cases", ["number"])
    waiting = sa.text("silent_at IS NOT NULL")
    op.create_index(
        "ix_desk_cases_silent_at", "desk_cases", ["silent_at"], sqlite_where=waiting, postgresql_where=waiting
    )


def downgrade() -> None:
    op.drop_table("desk_cases")
