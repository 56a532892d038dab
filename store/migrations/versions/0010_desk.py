"""The desk: second factor, hand-over, reveals"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, store.columns.UTCDateTime
    with op.batch_alter_table("operators") as operators:
        operators.add_column(sa.Column("totp", sa.LargeBinary(), nullable=True))
        operators.add_column(sa.Column("totp_step", sa.Integer(), nullable=True))
    op.create_table(
        "shift_notes",
        sa.Column("id", text(), nullable=False),
        sa.Column("at", instant(length=32), nullable=False),
        sa.Column("by", text(), nullable=False),
        sa.Column("to", text(), nullable=True),
        sa.Column("streets", store.columns.PlainJSON(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_notes")),
    )


def downgrade() -> None:
    op.drop_table("shift_notes")
    op.drop_column("operators", "totp_step")
    op.drop_column("operators", "totp")
