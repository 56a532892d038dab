"""Plans: approval, streets"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    for name in ("street", "base", "proposed_by"):
        op.add_column("plans", sa.Column(name, text(), nullable=True))
    op.add_column("plans", sa.Column("approved_at", store.columns.UTCDateTime(length=32), nullable=True))
    op.create_table(
        "plan_proposals",
        sa.Column("version", text(), nullable=False),
        sa.Column("text", text(), nullable=False),
        sa.Column("street", text(), nullable=True),
        sa.Column("base", text(), nullable=True),
        sa.Column("proposed_by", text(), nullable=False),
        sa.Column("proposed_at", store.columns.UTCDateTime(length=32), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_plan_proposals")),
    )


def downgrade() -> None:
    op.drop_table("plan_proposals")
    for name in ("approved_at", "proposed_by", "base", "street"):
        op.drop_column("plans", name)
