"""Somebody outside who is told: takes every webhook and counts it by its idempotency key."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """What arrived: key → the bodies that came with it."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: defaultdict[str, list[Any]] = defaultdict(list)
        self.lock = threading.Lock()


@contextmanager
def listening() -> Iterator[Receiver]:
    """In a thread of its own, so that it lives on whatever is killed."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with receiver.lock:
                receiver.bodies[self.headers["Idempotency-Key"]].append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
