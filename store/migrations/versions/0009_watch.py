"""The watch and its probe"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, store.columns.UTCDateTime
    with op.batch_alter_table("pulses") as pulses:
        pulses.add_column(sa.Column("age_s", sa.Float(), nullable=True))
    op.create_table(
        "watches",
        sa.Column("instance", text(), nullable=False),
        sa.Column("at", instant(length=32), nullable=False),
        sa.Column("ok_at", instant(length=32), nullable=True),
        sa.Column("findings", store.columns.PlainJSON(), nullable=False),
        sa.Column("probe_at", instant(length=32), nullable=True),
        sa.Column("probe_ms", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("instance", name=op.f("pk_watches")),
    )
    op.create_index("ix_attempts_started_at", "attempts", ["started_at"])


def downgrade() -> None:
    op.drop_index("ix_attempts_started_at", "attempts")
    op.drop_table("watches")
    op.drop_column("pulses", "age_s")
