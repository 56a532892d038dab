"""Devices: shut out, certified; homes: commissioned before they count as protected"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString


def _at(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, store.columns.UTCDateTime(length=32), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("devices") as devices:
        devices.add_column(_at("revoked_at"))
        devices.add_column(sa.Column("certificate", _text(), nullable=True))
    with op.batch_alter_table("hubs") as hubs:
        hubs.add_column(_at("revoked_at"))
    op.create_table(
        "revoked_certificates",
        sa.Column("serial", _text(), nullable=False),
        sa.Column("device_id", _text(), nullable=False),
        _at("revoked_at", nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_revoked_certificates")),
    )
    op.create_table(
        "commissionings",
        sa.Column("home_id", _text(), nullable=False),
        _at("opened_at", nullable=False),
        sa.Column("opened_by", _text(), nullable=False),
        sa.Column("proved", store.columns.PlainJSON(), nullable=False),
        _at("signed_at"),
        sa.Column("signed_by", _text(), nullable=True),
        sa.CheckConstraint(
            "(signed_at IS NULL) = (signed_by IS NULL)", name=op.f("ck_commissionings_signed_by_somebody")
        ),
        sa.PrimaryKeyConstraint("home_id", name=op.f("pk_commissionings")),
    )


def downgrade() -> None:
    op.drop_table("commissionings")
    op.drop_table("revoked_certificates")
    with op.batch_alter_table("hubs") as hubs:
        hubs.drop_column("revoked_at")
    with op.batch_alter_table("devices") as devices:
        devices.drop_column("certificate")
        devices.drop_column("revoked_at")
