"""How Alembic runs a revision: on the connection that `schema.py` gives it, in its transaction."""

from alembic import context

from services.collector.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
