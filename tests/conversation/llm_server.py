"""An OpenAI-compatible server on this machine that answers, stalls and breaks as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STALL = "stall"


class Server:
    """Answers of an OpenAI-compatible server, one after the other; the last is repeated."""

    def __init__(self, answers: list[str | int]) -> None:
        self.answers = answers
        self.requests: list[dict[str, Any]] = []
        self.released = threading.Event()
        self.url = ""


@contextmanager
def serving(*answers: str | int) -> Iterator[Server]:
    server = Server(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(body)
            answer = server.answers[min(len(server.requests), len(server.answers)) - 1]
            if answer == STALL:
                server.released.wait(30)
                self.close_connection = True
                return
            status, content = (answer, "") if isinstance(answer, int) else (200, answer)
            payload = {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": "m",
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
                ],
            }
            raw = json.dumps(payload).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        http.server_close()
        thread.join()
