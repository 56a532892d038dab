"""Residents and responders that have ended, spare codes of log-ins, and what each home's cards lack"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_PEOPLE = ("residents", "responders")


def upgrade() -> None:
    text, at = sqlmodel.sql.sqltypes.AutoString, store.columns.UTCDateTime
    for table in _PEOPLE:
        op.add_column(table, sa.Column("ended_at", at(length=32), nullable=True))
        op.add_column(table, sa.Column("ended_by", text(), nullable=True))
    op.add_column("operators", sa.Column("spare", sa.LargeBinary(), nullable=True))
    op.create_table(
        "card_lacks",
        sa.Column("home_id", text(), nullable=False),
        sa.Column("codes", text(), nullable=False),
        sa.Column("way_at", text(), nullable=True),
        sa.Column("medical_at", text(), nullable=True),
        sa.PrimaryKeyConstraint("home_id", name=op.f("pk_card_lacks")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("card_lacks")
    with op.batch_alter_table("operators") as operators:
        operators.drop_column("spare")
    for table in _PEOPLE:
        with op.batch_alter_table(table) as people:
            people.drop_column("ended_by")
            people.drop_column("ended_at")
