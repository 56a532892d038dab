"""Check-ins, visits, away"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
