"""Channels: budgets, desk cases, outcomes"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
