"""What was promised in a call and really heard: until when, by whom, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "promise",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=True),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("follow_up_id", sa.String(), nullable=True),
        sa.Column("kept_by", sa.String(), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_promise_attempt_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_promise_customer_id")),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_up.id"], name=op.f("fk_promise_follow_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
    )

    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.create_index("ix_promise_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_promise_attempt_id"), ["attempt_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_promise_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_promise_follow_up_id"), ["follow_up_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_promise_follow_up_id"))
        batch_op.drop_index(batch_op.f("ix_promise_customer_id"))
        batch_op.drop_index(batch_op.f("ix_promise_attempt_id"))
        batch_op.drop_index("ix_promise_due")

    op.drop_table("promise")
