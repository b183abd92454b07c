"""A registry in memory, as much of the OCI distribution specification as a push needs."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>blobs|manifests)/(?P<reference>[^/]+)/?")


class Registry(ThreadingHTTPServer):
    """Blobs and manifests by digest, tags by `name:tag`."""

    def __init__(self, *, refuse: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.refuse = refuse
        self.content: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def do_GET(self) -> None:
        match = _PATH.fullmatch(urlsplit(self.path).path)
        if match is None:
            self._answer(200)
            return
        tag = f"{match['name']}:{match['reference']}"
        digest = self.server.tags.get(tag, match["reference"])
        content = self.server.content.get(digest)
        if content is None:
            self._answer(404)
            return
        kind = "application/vnd.oci.image.manifest.v1+json"
        self._answer(200, content, {"Docker-Content-Digest": digest, "Content-Type": kind})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self._body()
        self._answer(202, headers={"Location": f"{self.path.rstrip('/')}/upload"})

    def do_PATCH(self) -> None:
        self.server.content["upload"] = self._body()
        # One upload at a time is not promised: each is kept under its own digest at once.
        digest = self._keep(self.server.content.pop("upload"))
        self._answer(202, headers={"Location": f"{urlsplit(self.path).path}?digest={digest}"})

    def do_PUT(self) -> None:
        body, url = self._body(), urlsplit(self.path)
        if self.server.refuse:
            self._answer(403, b'{"errors":[{"code":"DENIED","message":"no"}]}')
            return
        match = _PATH.fullmatch(url.path)
        if match and match["kind"] == "manifests":
            digest = self._keep(body)
            self.server.tags[f"{match['name']}:{match['reference']}"] = digest
        else:
            digest = parse_qs(url.query)["digest"][0]
            if body:
                digest = self._keep(body)
        self._answer(201, headers={"Docker-Content-Digest": digest})

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _keep(self, content: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.server.content[digest] = content
        return digest

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def running(*, refuse: bool = False) -> Iterator[Registry]:
    """A registry on a free port of loopback."""
    registry = Registry(refuse=refuse)
    thread = threading.Thread(target=registry.serve_forever, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        registry.shutdown()
        registry.server_close()
        thread.join()
