"""Signals, live state, roll-ups"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


_text = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    instant = store.columns.UTCDateTime(length=32)
    op.create_table(
        "levels",
        sa.Column("device_id", _text(), nullable=False),
        sa.Column("kind", _text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("told_at", instant, nullable=False),
        sa.Column("alert_id", _text(), nullable=True),
        sa.PrimaryKeyConstraint("device_id", "kind", name=op.f("pk_levels")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("inbox") as inbox:
        inbox.add_column(sa.Column("site", _text(), nullable=True))
    op.create_index(
        "ix_inbox_unread", "inbox", ["id"],
        sqlite_where=sa.text("kind IN ('unreadable', 'unknown')"),
        postgresql_where=sa.text("kind IN ('unreadable', 'unknown')"),
    )
    op.create_index("ix_devices_external", "devices", ["external"])


def downgrade() -> None:
    op.drop_index("ix_devices_external", "devices")
    op.drop_index("ix_inbox_unread", "inbox")
    with op.batch_alter_table("inbox") as inbox:
        inbox.drop_column("site")
    op.drop_table("levels")
