"""The human agents and what is handed to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("presence", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idle_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("desk", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
    )

    op.create_table(
        "transfer",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("skill", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("desk", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=True),
        sa.Column("brief", sa.JSON(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("declined_reason", sa.String(), nullable=False),
        sa.Column("sla_s", sa.Float(), nullable=False),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrap_up", sa.JSON(), nullable=False),
        sa.Column("asked_again", sa.JSON(), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_transfer_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )

    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfer_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfer_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfer_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_transfer_offered_at", ["offered_at"], unique=False)
        batch_op.create_index(
            "uq_transfer_agent_held",
            ["agent_id"],
            unique=True,
            sqlite_where=sa.text("state in ('ringing', 'accepted', 'connected')"),
            postgresql_where=sa.text("state in ('ringing', 'accepted', 'connected')"),
        )
        batch_op.create_index(
            "uq_transfer_customer_held",
            ["customer_id"],
            unique=True,
            sqlite_where=sa.text("state in ('accepted', 'connected')"),
            postgresql_where=sa.text("state in ('accepted', 'connected')"),
        )


def downgrade() -> None:
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.drop_index("uq_transfer_customer_held")
        batch_op.drop_index("uq_transfer_agent_held")
        batch_op.drop_index("ix_transfer_offered_at")
        batch_op.drop_index(batch_op.f("ix_transfer_customer_id"))
        batch_op.drop_index(batch_op.f("ix_transfer_call_id"))
        batch_op.drop_index(batch_op.f("ix_transfer_agent_id"))

    op.drop_table("transfer")

    op.drop_table("agent")
