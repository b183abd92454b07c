"""The one error that the development tools show."""


class DevError(Exception):
    """The tool cannot go on; the message says why and what to do."""
