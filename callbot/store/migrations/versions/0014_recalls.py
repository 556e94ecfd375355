"""What must not be said any more, and who had heard it in a call that was running."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "recall",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall")),
    )
    with op.batch_alter_table("recall", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recall_made_at"), ["made_at"], unique=False)
    op.create_table(
        "recall_heard",
        sa.Column("recall_id", sa.String(length=26), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_recall_heard_customer_id")),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_heard_recall_id")),
        sa.PrimaryKeyConstraint("recall_id", "call_id", name=op.f("pk_recall_heard")),
    )
    with op.batch_alter_table("recall_heard", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recall_heard_customer_id"), ["customer_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("recall_heard", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recall_heard_customer_id"))
    op.drop_table("recall_heard")
    with op.batch_alter_table("recall", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recall_made_at"))
    op.drop_table("recall")
