"""Touch sequences under way, and what the customers did of their own accord after a contact."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "activation",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=True),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("contact_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_activation_batch_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_activation_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activation")),
        sa.UniqueConstraint("contact_id", name=op.f("uq_activation_contact_id")),
    )

    with op.batch_alter_table("activation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activation_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_activation_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "sequence_run",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stopped_by", sa.String(), nullable=False),
        sa.Column("next_step", sa.Integer(), nullable=True),
        sa.Column("next_touch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_sequence_run_batch_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_sequence_run_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sequence_run")),
        sa.UniqueConstraint(
            "customer_id", "name", "anchor", name=op.f("uq_sequence_run_customer_id_name_anchor")
        ),
    )

    with op.batch_alter_table("sequence_run", schema=None) as batch_op:
        batch_op.create_index("ix_sequence_run_due", ["state", "next_touch_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sequence_run", schema=None) as batch_op:
        batch_op.drop_index("ix_sequence_run_due")

    op.drop_table("sequence_run")

    with op.batch_alter_table("activation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activation_customer_id"))
        batch_op.drop_index(batch_op.f("ix_activation_batch_id"))

    op.drop_table("activation")
