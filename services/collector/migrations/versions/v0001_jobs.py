"""Make the tables of jobs, records and rejects."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ACTIVE = sa.text("state IN ('queued', 'running')")
_FINISHED = sa.text("finished_at IS NOT NULL")


def upgrade() -> None:
    """Make them, empty."""
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.String(32), primary_key=True),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("source_type", sa.String(16), nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("stored", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("problem_kind", sa.Text),
        sa.Column("problem_detail", sa.Text),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("lease_token", sa.String(32)),
        sa.Column("lease_owner", sa.Text),
        sa.Column("checkpoint", sa.Text),
        sa.Column("rejects_digest", sa.String(64)),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled')",
            name="jobs_state",
        ),
    )
    op.create_index("jobs_client", "jobs", ["client", "created_at", "job_id"])
    op.create_index("jobs_client_state", "jobs", ["client", "state", "created_at", "job_id"])
    op.create_index("jobs_created", "jobs", ["created_at", "job_id"])
    op.create_index("jobs_state_created", "jobs", ["state", "created_at", "job_id"])
    op.create_index("jobs_due", "jobs", ["due_at"], postgresql_where=_ACTIVE, sqlite_where=_ACTIVE)
    op.create_index(
        "jobs_finished",
        "jobs",
        ["finished_at"],
        postgresql_where=_FINISHED,
        sqlite_where=_FINISHED,
    )
    op.create_index("jobs_idempotency", "jobs", ["client", "idempotency_key"], unique=True)
    op.create_table(
        "records",
        _job_id(),
        sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("records_record", "records", ["job_id", "record_id"], unique=True)
    op.create_table(
        "rejects",
        _job_id(),
        sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Text, nullable=False),
        sa.Column("field", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them, with everything that was collected."""
    op.drop_table("rejects")
    op.drop_table("records")
    op.drop_table("jobs")


def _job_id() -> sa.Column[str]:
    return sa.Column(
        "job_id",
        sa.String(32),
        sa.ForeignKey("jobs.job_id", ondelete="CASCADE"),
        primary_key=True,
    )
