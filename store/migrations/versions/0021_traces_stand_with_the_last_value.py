"""What a device's messages tell of itself stands with its last value, and is written in the same stroke"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import store.columns

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_COPIED = ("day", "received", "missing", "config_first", "config")
#: of a device that no trace is known of
_ELSE = {"first_at": "last_seen", "received": "0", "missing": "0"}


def upgrade() -> None:
    text, at = sqlmodel.sql.sqltypes.AutoString, store.columns.UTCDateTime
    with op.batch_alter_table("device_states") as states:
        states.add_column(sa.Column("first_at", at(length=32), nullable=True))
        states.add_column(sa.Column("day", text(), nullable=True))
        states.add_column(sa.Column("received", sa.Integer(), nullable=True))
        states.add_column(sa.Column("missing", sa.Integer(), nullable=True))
        states.add_column(sa.Column("config_first", text(), nullable=True))
        states.add_column(sa.Column("config", text(), nullable=True))
        states.add_column(sa.Column("clock_ok", sa.Boolean(), nullable=True))
    told = {name: f"(SELECT t.{name} FROM device_traces t WHERE t.device_id = device_states.device_id)"
            for name in ("first_at", "seq", *_COPIED)}  # fmt: skip
    told |= {name: f"coalesce({told[name]}, {else_})" for name, else_ in _ELSE.items()}
    op.execute("UPDATE device_states SET " + ", ".join(f"{name} = {value}" for name, value in told.items()))
    with op.batch_alter_table("device_states") as states:
        states.alter_column("first_at", existing_type=at(length=32), nullable=False)
        states.alter_column("received", existing_type=sa.Integer(), nullable=False)
        states.alter_column("missing", existing_type=sa.Integer(), nullable=False)
    op.drop_table("device_traces")


def downgrade() -> None:
    text, at = sqlmodel.sql.sqltypes.AutoString, store.columns.UTCDateTime
    op.create_table(
        "device_traces",
        sa.Column("device_id", text(), nullable=False),
        sa.Column("first_at", at(length=32), nullable=False),
        sa.Column("day", text(), nullable=True),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("boot", sa.BigInteger(), nullable=True),
        sa.Column("config_first", text(), nullable=True),
        sa.Column("config", text(), nullable=True),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_traces")),
        sqlite_with_rowid=False,
    )
    names = ", ".join(("device_id", "first_at", "seq", "boot", *_COPIED))
    op.execute(f"INSERT INTO device_traces ({names}) SELECT {names} FROM device_states")
    with op.batch_alter_table("device_states") as states:
        for name in ("first_at", *_COPIED, "clock_ok"):
            states.drop_column(name)
