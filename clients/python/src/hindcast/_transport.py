"""HTTP with kept connections, time-outs and retries. Every request that this package makes may safely be repeated."""

from __future__ import annotations

import http.client
import json
import random
import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import urlencode, urlsplit

from ._json import encode
from .errors import ApiError, Unreachable

pause_min_s = 0.1
pause_max_s = 10.0
line_bytes_max = 4_194_304
"""A longer line is no line of ours."""
piece_bytes = 65_536

retried_statuses = frozenset((408, 425, 429, 502, 503, 504))
broken = (OSError, http.client.HTTPException)


class Answer(NamedTuple):
    """An answer, read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Retrying:
    """How long an answer is sought: `seconds` from the first attempt, pauses included. 0: one attempt."""

    seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def pauses(self) -> Iterator[Callable[[Optional[float]], bool]]:
        """Attempts; each is handed a function that pauses (at least as long as was asked for), or says that time is up."""
        end = self.clock() + self.seconds
        pause = pause_min_s
        while True:

            def again(asked: Optional[float], pause: float = pause) -> bool:
                wait = max(asked or 0.0, pause * (0.5 + random.random() / 2))
                if self.clock() + wait > end:
                    return False
                self.sleep(wait)
                return True

            yield again
            pause = min(pause * 2, pause_max_s)


class Transport:
    """A Hindcast at an address. May be used by several threads."""

    def __init__(self, url: str, headers: Mapping[str, str], timeout: float, retrying: Retrying) -> None:
        if "," in url:
            raise ValueError(f"{url!r} has two addresses, which is for the command line: give the one of a balancer.")
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http or https address.")
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.timeout = timeout
        self.retrying = retrying
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")
        self._headers = {"user-agent": "hindcast-python/0.1.0", **headers}
        self._idle: List[http.client.HTTPConnection] = []

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        json: Any = None,
        body: Optional[bytes] = None,
        headers: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> Answer:
        """The answer, asked for again while the server is busy or away.

        Raises `ApiError` where the server refuses, `Unreachable` where no answer comes.
        """
        sent: Dict[str, str] = {"accept": "application/json", **(headers or {})}
        if json is not None:
            body = encode(json)
            sent.setdefault("content-type", "application/json")
        target = with_query(path, query)
        for again in self.retrying.pauses():
            try:
                answer = self._once(method, target, body, sent, timeout or self.timeout)
            except broken as error:
                if is_final(error) or not again(None):
                    raise Unreachable(f"No answer from {self.url}: {error or type(error).__name__}") from error
                continue
            if answer.status < 400:
                return answer
            refusal = refusal_of(answer)
            if not may_retry(answer.status, refusal) or not again(retry_after(answer.headers)):
                raise refusal
        raise AssertionError("attempts end by themselves")

    def lines(
        self, path: str, *, query: Optional[Mapping[str, Any]], headers: Mapping[str, str]
    ) -> Tuple[http.client.HTTPMessage, int, Iterator[bytes]]:
        """Headers, status, and the whole lines of a long answer as they come, without their ends.

        A connection that breaks in the middle raises one of `broken`: the caller knows how to go on.
        """
        answer, status, pieces = self.pieces(path, query=query, headers=headers)
        return answer, status, whole_lines(pieces)

    def pieces(
        self, path: str, *, query: Optional[Mapping[str, Any]] = None, headers: Mapping[str, str]
    ) -> Tuple[http.client.HTTPMessage, int, Iterator[bytes]]:
        """The same with the bytes as they come. It has a connection of its own, which ends with it."""
        target = with_query(path, query)
        for again in self.retrying.pauses():
            connection = self._connect(self.timeout)
            try:
                connection.request("GET", self._path + target, headers={**self._headers, **headers})
                response = connection.getresponse()
                if response.status == 204:
                    connection.close()
                    return response.headers, response.status, iter(())
                if response.status < 400:
                    return response.headers, response.status, body_of(connection, response)
                answer = Answer(response.status, response.headers, response.read())
                connection.close()
            except broken as error:
                connection.close()
                if is_final(error) or not again(None):
                    raise Unreachable(f"No answer from {self.url}: {error or type(error).__name__}") from error
                continue
            refusal = refusal_of(answer)
            if not may_retry(answer.status, refusal) or not again(retry_after(answer.headers)):
                raise refusal
        raise AssertionError("attempts end by themselves")

    def close(self) -> None:
        """Closes what is open; a later request opens a new connection."""
        while self._idle:
            self._idle.pop().close()

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _once(
        self, method: str, target: str, body: Optional[bytes], headers: Mapping[str, str], timeout: float
    ) -> Answer:
        # Lists may be used by several threads at once.
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect(timeout)
        was_open = connection.sock is not None
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        try:
            answer = self._exchange(connection, method, target, body, headers)
        except broken as error:
            # A server closes connections that rest: that says nothing of whether it is there.
            if not was_open or isinstance(error, (TimeoutError, socket.timeout)):
                raise
            answer = self._exchange(connection, method, target, body, headers)
        self._idle.append(connection)
        return answer

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        body: Optional[bytes],
        headers: Mapping[str, str],
    ) -> Answer:
        try:
            connection.request(method, self._path + target, body=body, headers={**self._headers, **headers})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except BaseException:
            connection.close()
            raise


def body_of(connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while True:
            piece = response.read1(piece_bytes)
            if piece:
                yield piece
            elif response.length:
                raise http.client.IncompleteRead(b"")
            else:
                return
    finally:
        response.close()
        connection.close()


def whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        if len(rest) > line_bytes_max:
            raise ValueError(f"A line has more than {line_bytes_max} bytes.")
        for line in lines:
            yield line[:-1] if line.endswith(b"\r") else line
    # A last line without an end is a part of one: the connection broke.
    if rest:
        raise http.client.IncompleteRead(rest)


def with_query(path: str, query: Optional[Mapping[str, Any]]) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def is_final(error: BaseException) -> bool:
    """Whether another attempt cannot help."""
    return isinstance(error, (ssl.SSLCertVerificationError, http.client.InvalidURL))


def refusal_of(answer: Answer) -> ApiError:
    try:
        problem = json.loads(answer.body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        text = answer.body[:200].decode("utf-8", "replace").strip()
        problem = {"detail": text or f"The server answered {answer.status}."}
    return ApiError.of(answer.status, problem)


def may_retry(status: int, refusal: ApiError) -> bool:
    return status in retried_statuses or refusal.code == "idempotency-in-flight"


def retry_after(headers: http.client.HTTPMessage) -> Optional[float]:
    """Seconds of Retry-After, which is a number or a date."""
    given = headers.get("retry-after")
    if given is None:
        return None
    try:
        return max(0.0, float(given))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
