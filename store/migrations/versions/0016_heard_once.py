"""Signed messages that were obeyed, so that a repeat is answered and not obeyed again"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0016"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard_once",
        sa.Column("stamp", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("until", store.columns.UTCDateTime(length=32), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stamp", name=op.f("pk_heard_once")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_heard_once_until", "heard_once", ["until"])


def downgrade() -> None:
    op.drop_table("heard_once")
