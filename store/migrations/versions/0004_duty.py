"""Duty: overrides, absences, holidays"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
