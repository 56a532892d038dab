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
    pass


def downgrade() -> None:
    pass
