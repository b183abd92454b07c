"""A thin HTTP/1.1 client for calls between services and to AWS."""

from libs.http_client.client import HttpClient
from libs.http_client.errors import (
    BadResponseError,
    ConnectionLostError,
    HttpError,
    NotConnectedError,
    TimedOutError,
)
from libs.http_client.messages import Response

__all__ = [
    "BadResponseError",
    "ConnectionLostError",
    "HttpClient",
    "HttpError",
    "NotConnectedError",
    "Response",
    "TimedOutError",
]
