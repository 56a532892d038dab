"""Keyed marks of telephone numbers, so that a caller is found by one look-up"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phone_marks",
        sa.Column("mark", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("resident_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("mark", "resident_id", name=op.f("pk_phone_marks")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_phone_marks_resident_id", "phone_marks", ["resident_id"])


def downgrade() -> None:
    op.drop_table("phone_marks")
