"""Signals, live state, roll-ups"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
