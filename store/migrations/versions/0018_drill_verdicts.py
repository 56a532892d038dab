"""Verdicts of drills"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, at = sqlmodel.sql.sqltypes.AutoString, store.columns.UTCDateTime
    op.create_table(
        "drill_verdicts",
        sa.Column("drill_id", text(), nullable=False),
        sa.Column("at", at(length=32), nullable=False),
        sa.Column("by", text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("report", store.columns.PlainJSON(), nullable=False),
        sa.PrimaryKeyConstraint("drill_id", name=op.f("pk_drill_verdicts")),
    )


def downgrade() -> None:
    op.drop_table("drill_verdicts")
