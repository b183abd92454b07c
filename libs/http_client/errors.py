"""What can go wrong with one exchange, as few and plain kinds.

HttpError
├── NotConnectedError     no connection could be had: the server saw nothing of the request
├── ConnectionLostError   the connection ended before the whole response was there
├── TimedOutError         the exchange took longer than it was given
└── BadResponseError      what came back is no HTTP response, or one that is too large

Every one says by `sent` whether the server may have seen the request. A request that cannot be
sent as it is (a line break in a header, say) is a ValueError: a bug of the caller.
"""


class HttpError(Exception):
    """Base of everything that `libs.http_client` raises for an exchange."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent
        """Whether the server may have seen the request, and acted on it."""


class NotConnectedError(HttpError):
    """No connection could be made, or none was free in time."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


class ConnectionLostError(HttpError):
    """The connection ended before the response did."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message, sent=sent)


class TimedOutError(HttpError):
    """The response was not complete in time."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message, sent=sent)


class BadResponseError(HttpError):
    """The server answered, but not with a response that can be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=True)
