"""Tasks"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "tasks",
        sa.Column("key", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("street", text(), nullable=True),
        sa.Column("home_id", text(), nullable=True),
        sa.Column("device_id", text(), nullable=True),
        sa.Column("alert_id", text(), nullable=True),
        sa.Column("opened_at", store.columns.UTCDateTime(length=32), nullable=False),
        sa.Column("due_at", store.columns.UTCDateTime(length=32), nullable=True),
        sa.Column("data", store.columns.PlainJSON(), nullable=False),
        sa.Column("done_at", store.columns.UTCDateTime(length=32), nullable=True),
        sa.Column("done_by", text(), nullable=True),
        sa.Column("result", text(), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('dial_120', 'unreadable', 'device_fault', 'unprotected', 'network_incident', 'coverage',"
            " 'follow_up', 'review', 'visit', 'service', 'operator')",
            name=op.f("ck_tasks_kind"),
        ),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name=op.f("ck_tasks_done_by_somebody")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_home_id", "tasks", ["home_id"])
    op.create_index("ix_tasks_alert_id", "tasks", ["alert_id"])
    open_ones = sa.text("done_at IS NULL")
    op.create_index("ix_tasks_open", "tasks", ["kind", "key"], sqlite_where=open_ones, postgresql_where=open_ones)


def downgrade() -> None:
    op.drop_table("tasks")
