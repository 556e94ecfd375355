"""An OpenAI-compatible server on this machine that answers, stalls and breaks as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from callbot.conversation.llm_chain import LlmChain
from callbot.conversation.llm_server import LlmServer, Pace

STALL = "stall"
"""Not even a status line."""
DROP = "drop"
"""The connection ends without a word, as a kept one does that was idle for too long."""
TOKENS_IN, TOKENS_OUT = 120, 30
"""What every whole answer says it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partly:
    """A stream that begins like an answer and goes wrong."""

    text: str = ""
    """Sent before it does."""
    then: str = "stall"
    """`stall`, `break` (the connection ends in the middle of a chunk), `garbage` or `for-ever`."""


Play = str | int | Partly


class Server:
    """Answers of an OpenAI-compatible server, one after the other; the last is repeated."""

    def __init__(self, answers: list[Play]) -> None:
        self.answers = answers
        self.requests: list[dict[str, Any]] = []
        self.released = threading.Event()
        self.url = ""


@contextmanager
def serving(*answers: Play) -> Iterator[Server]:
    server = Server(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(body)
            answer = server.answers[min(len(server.requests), len(server.answers)) - 1]
            self.close_connection = True
            if answer == DROP:
                return
            if answer == STALL:
                server.released.wait(30)
                return
            try:
                if isinstance(answer, int):
                    self.refuse(answer)
                else:
                    self.stream(answer)
            except OSError:  # the client has had enough
                pass

        def refuse(self, status: int) -> None:
            raw = b'{"error": {"message": "no", "type": "t", "code": "c"}}'
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def stream(self, answer: str | Partly) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.delta(role="assistant", content="")
            text = answer if isinstance(answer, str) else answer.text
            for start in range(0, len(text), 16):
                self.delta(content=text[start : start + 16])
            if isinstance(answer, str):
                self.event(self.chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
                usage = {"prompt_tokens": TOKENS_IN, "completion_tokens": TOKENS_OUT, "total_tokens": 150}
                self.event({**self.chunk([]), "usage": usage})
                self.chunked(b"data: [DONE]\n\n")
                self.wfile.write(b"0\r\n\r\n")
                return
            match answer.then:
                case "stall":
                    server.released.wait(30)
                case "break":
                    self.wfile.write(b"40\r\ndata: {")
                case "garbage":
                    self.chunked(b"data: <html>502 Bad Gateway</html>\n\n")
                case "for-ever":
                    while not server.released.wait(0):
                        self.delta(content="好" * 500)

        def delta(self, **delta: str) -> None:
            self.event(self.chunk([{"index": 0, "delta": delta, "finish_reason": None}]))

        def chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
            return {
                "id": "1",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "m",
                "choices": choices,
            }

        def event(self, data: dict[str, Any]) -> None:
            self.chunked(f"data: {json.dumps(data)}\n\n".encode())

        def chunked(self, raw: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
            self.wfile.flush()

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


PACE = Pace(whole_s=5.0, first_token_s=5.0, gap_s=5.0)
_NAMES = ("primary", "secondary")


def chain_of(*servers: Server, **options: Any) -> LlmChain:
    """The servers as callbot asks them, with 2 yuan for a million tokens read and 8 for one written."""
    return LlmChain(
        servers=tuple(
            LlmServer(
                name=name,
                base_url=server.url,
                api_key="k",
                model=f"tiny-{name}",
                input_price=2.0,
                output_price=8.0,
                **options,
            )
            for name, server in zip(_NAMES, servers, strict=False)
        )
    )
