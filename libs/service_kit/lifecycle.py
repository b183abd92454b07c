"""Whether a service takes new work."""


class Lifecycle:
    """Shared by the server, which learns of SIGTERM, and by the application, which answers
    /ready."""

    def __init__(self) -> None:
        self._draining = False

    @property
    def draining(self) -> bool:
        """True from the first signal to stop on."""
        return self._draining

    def begin_drain(self) -> None:
        """Make /ready fail and ask clients to let go of their connections."""
        self._draining = True
