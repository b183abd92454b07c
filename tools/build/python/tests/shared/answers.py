"""A library that the test's program shares with nobody."""

HEALTHY = b"healthy"
