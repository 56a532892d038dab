"""What homes have chosen of the rules"""

import sqlalchemy as sa
from alembic import op

import store.columns

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("homes", sa.Column("choices", store.columns.PlainJSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("homes", "choices")
