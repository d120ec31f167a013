"""A server that answers as a test tells it, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: Dict[str, str]
    headers: Dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Reply(Exception):
    """What a handler answers. `cut`: this many bytes of the body are sent, then the connection breaks."""

    def __init__(
        self, status: int = 200, body: Any = None, headers: Optional[Dict[str, str]] = None, cut: Optional[int] = None
    ) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = headers or {}
        self.cut = cut


Answer = Callable[[Asked, int], Reply]


class FakeServer:
    """`answer` gets what was asked, and the number of the request, from 1."""

    def __init__(self, answer: Answer) -> None:
        self.asked: List[Asked] = []
        asked, lock = self.asked, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def handle_one(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                one = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
                with lock:
                    asked.append(one)
                    turn = len(asked)
                reply = answer(one, turn)
                self.send_response(reply.status)
                for name, value in {"content-type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                sent = reply.body if reply.cut is None else reply.body[: reply.cut]
                if sent:
                    self.wfile.write(f"{len(sent):x}\r\n".encode() + sent + b"\r\n")
                if reply.cut is None:
                    self.wfile.write(b"0\r\n\r\n")
                else:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = handle_one

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        # A client that hangs up is what some tests are about.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()


def problem(code: str, status: int, **more: Any) -> Dict[str, Any]:
    return {"type": f"/problems/{code}", "title": code, "status": status, "detail": f"It is {code}.", **more}


def receipt(id: str = "one", status: str = "queued", **more: Any) -> Dict[str, Any]:
    return {"id": id, "status": status, "model": "churn", "modelVersion": 1, **more}
