"""A program for the image tests: answers /health, and ends on SIGTERM."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import FrameType

import annotated_types

from tools.build.python.tests.shared.answers import HEALTHY


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(HEALTHY)


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


signal.signal(signal.SIGTERM, _stop)
print(Path(__file__).with_name("greeting.txt").read_text(), annotated_types.__name__, flush=True)
HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), _Handler).serve_forever()
