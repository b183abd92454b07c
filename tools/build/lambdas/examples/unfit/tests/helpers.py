"""A module among tests."""
