"""Whether a service takes new work, and why it did not even start."""


class StartError(Exception):
    """Raised by a service's lifespan: it cannot start; the message is one line that says why."""


class Lifecycle:
    """Shared by the server, which learns of SIGTERM, and by the application, which answers
    /ready."""

    def __init__(self) -> None:
        self._draining = False
        self.refusal: str | None = None
        """Of a start that failed: why, in one line, when the service said so."""

    @property
    def draining(self) -> bool:
        """True from the first signal to stop on."""
        return self._draining

    def begin_drain(self) -> None:
        """Make /ready fail and ask clients to let go of their connections."""
        self._draining = True
