"""Reading one response from the pieces that it comes in.

httptools (llhttp) reads the syntax; what is decided here is where the response ends and whether
its connection may carry another one after it (RFC 9112, sections 6.3 and 9.3).
"""

from http import HTTPStatus

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from libs.http_client.errors import BadResponseError
from libs.http_client.messages import Response

_MOST_HEAD_BYTES = 64 * 1024


class ResponseReader:
    """The response to one request, as far as it is there; `no_body` for the answer to HEAD."""

    __slots__ = (
        "_body",
        "_body_bytes",
        "_field_bytes",
        "_fields",
        "_head_bytes",
        "_in_body",
        "_max_body_bytes",
        "_no_body",
        "_parser",
        "_status",
        "_until_closed",
        "complete",
        "reusable",
        "started",
    )

    def __init__(self, *, no_body: bool, max_body_bytes: int) -> None:
        self.started = False
        """Whether any byte of it came."""
        self.complete = False
        self.reusable = True
        """Whether its connection may carry another response; of use when it is complete."""
        self._no_body = no_body
        self._max_body_bytes = max_body_bytes
        self._status = 0
        self._fields: list[tuple[bytes, bytes]] = []
        self._field_bytes = 0
        self._head_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._in_body = False
        self._until_closed = True
        # One for each response: it has no memory of the one before, nor of what came after that.
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Read on. Raise BadResponseError for what is no usable response."""
        self.started = True
        if not self._in_body:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as exc:
            if not self.complete:
                if isinstance(exc.__context__, BadResponseError):
                    raise exc.__context__ from None
                raise BadResponseError(f"no HTTP response: {exc}") from exc
            self.reusable = False  # what came after it is none of ours
        if not self._in_body and self._head_bytes > _MOST_HEAD_BYTES:  # one endless field
            raise BadResponseError(f"the head is over {_MOST_HEAD_BYTES} bytes")

    def feed_end(self) -> None:
        """Note that the connection ended, which completes a body without a length."""
        if self._in_body and self._until_closed:
            self.complete = True
        self.reusable = False

    def response(self) -> Response:
        """Return it, complete."""
        return Response(self._status, self._fields, b"".join(self._body))

    # httptools' callbacks

    def on_message_begin(self) -> None:
        """A second response to one request is not ours: it ends the connection."""
        if self.complete:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field, and remember what it says about the length."""
        if self._in_body:  # a trailer, or a field of a response that nobody asked for
            return
        self._fields.append((name, value))
        self._field_bytes += len(name) + len(value)
        if self._field_bytes > _MOST_HEAD_BYTES:
            raise BadResponseError(f"the head is over {_MOST_HEAD_BYTES} bytes")
        lowered = name.lower()
        if lowered == b"content-length":
            self._until_closed = False
        elif lowered == b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                raise BadResponseError("the response has a transfer coding other than chunked")
            self._until_closed = False

    def on_headers_complete(self) -> None:
        """Find out whether a body follows."""
        if self.complete:
            return
        self._status = self._parser.get_status_code()
        if self._status == HTTPStatus.SWITCHING_PROTOCOLS:
            raise BadResponseError("the server wants another protocol")
        if self._status < HTTPStatus.OK:  # an interim response; the final one is still to come
            return
        self._in_body = True
        if self._no_body:
            self._finish()

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        if self.complete:  # a body where none may be, so that no one knows what it is
            self.reusable = False
            return
        self._body.append(data)
        self._body_bytes += len(data)
        if self._body_bytes > self._max_body_bytes:
            raise BadResponseError(f"the body is over {self._max_body_bytes} bytes")

    def on_message_complete(self) -> None:
        """End the response, or go on to what follows an interim one."""
        if not self._in_body:
            self._fields.clear()
            self._until_closed = True
        elif not self.complete:
            self._finish()

    def _finish(self) -> None:
        self.complete = True
        if not self._parser.should_keep_alive():
            self.reusable = False
