"""Notes and verdicts of people who listened to a call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "review_note",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_review_note_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_note")),
    )
    with op.batch_alter_table("review_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_note_call_id"), ["call_id"], unique=False)

    op.create_table(
        "review_verdict",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("check", sa.String(length=40), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_review_verdict_call_id")),
        sa.PrimaryKeyConstraint("call_id", "check", name=op.f("pk_review_verdict")),
    )


def downgrade() -> None:
    op.drop_table("review_verdict")
    op.drop_table("review_note")
