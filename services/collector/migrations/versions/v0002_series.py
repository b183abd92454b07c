"""Let jobs belong to a series that keeps how far it came.

It only adds, and what it adds may be null: the version before it goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WAITS = sa.text("series IS NOT NULL AND state IN ('queued', 'running')")


def upgrade() -> None:
    """Add the series of a job, and the watermarks."""
    op.add_column("jobs", sa.Column("series", sa.Text))
    op.create_index(
        "jobs_series",
        "jobs",
        ["client", "series", "created_at"],
        postgresql_where=_WAITS,
        sqlite_where=_WAITS,
    )
    op.create_table(
        "watermarks",
        sa.Column("client", sa.Text, primary_key=True),
        sa.Column("series", sa.Text, primary_key=True),
        sa.Column("watermark", sa.Text, nullable=False),
        sa.Column("job_created_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them: every series starts anew."""
    op.drop_table("watermarks")
    op.drop_index("jobs_series", "jobs")
    op.drop_column("jobs", "series")
