"""Batches, the dial ledger and the processes that dial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("flow", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("hold_out_percent", sa.Float(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("offers", sa.JSON(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("paused_because", sa.String(), nullable=False),
        sa.Column("watched_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )

    op.create_table(
        "trunk",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("watched_from", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_trunk")),
    )

    op.create_table(
        "desk_pace",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_pace")),
    )

    op.create_table(
        "worker",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("media_url", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )

    op.create_table(
        "attempt",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dialing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trunk", sa.String(), nullable=False),
        sa.Column("worker_id", sa.String(), nullable=True),
        sa.Column("dial_token", sa.String(), nullable=True),
        sa.Column("carrier_sid", sa.String(), nullable=True),
        sa.Column("permit", sa.JSON(), nullable=False),
        sa.Column("opener", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.CheckConstraint(
            "state in ('queued','dialing','in_call','done','interrupted')", name=op.f("ck_attempt_state")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_attempt_batch_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_attempt_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("batch_id", "customer_id", "seq", name=op.f("uq_attempt_batch_id_customer_id_seq")),
        sa.UniqueConstraint("dial_token", name=op.f("uq_attempt_dial_token")),
    )

    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_attempt_customer_id_attempt_dialing_at"), ["customer_id", "dialing_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_attempt_ended_at"), ["ended_at"], unique=False)
        batch_op.create_index("ix_attempt_queue", ["state", "batch_id", "priority", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_attempt_worker_id"), ["worker_id"], unique=False)

    op.create_table(
        "batch_member",
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("hold_out", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("blocked_by", sa.String(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_because", sa.String(), nullable=False),
        sa.Column("blocked_policy", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_batch_member_batch_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_batch_member_customer_id")),
        sa.PrimaryKeyConstraint("batch_id", "customer_id", name=op.f("pk_batch_member")),
    )

    with op.batch_alter_table("batch_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_member_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_batch_member_order", ["batch_id", "state", "rank", "customer_id"], unique=False
        )
        batch_op.create_index("ix_batch_member_wake", ["batch_id", "state", "blocked_until"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("batch_member", schema=None) as batch_op:
        batch_op.drop_index("ix_batch_member_wake")
        batch_op.drop_index("ix_batch_member_order")
        batch_op.drop_index(batch_op.f("ix_batch_member_customer_id"))

    op.drop_table("batch_member")

    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempt_worker_id"))
        batch_op.drop_index("ix_attempt_queue")
        batch_op.drop_index(batch_op.f("ix_attempt_ended_at"))
        batch_op.drop_index(batch_op.f("ix_attempt_customer_id_attempt_dialing_at"))
        batch_op.drop_index(batch_op.f("ix_attempt_batch_id"))

    op.drop_table("attempt")

    op.drop_table("worker")

    op.drop_table("desk_pace")

    op.drop_table("trunk")

    op.drop_table("batch")
