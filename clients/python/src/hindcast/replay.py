"""The log again, line by line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, Mapping, Optional

from ._transport import Transport, broken
from .errors import Unreachable


@dataclass(frozen=True)
class ReplayLine:
    """A record of the log. `event` is a CloudEvent; None where the record cannot be read, and then `error` says why."""

    position: str
    cursor: str
    key: str
    appended_at: datetime
    event: Optional[Mapping[str, Any]]
    error: Optional[Mapping[str, Any]] = field(default=None, repr=False)

    @staticmethod
    def of(body: Mapping[str, Any]) -> ReplayLine:
        return ReplayLine(
            position=str(body["position"]),
            cursor=str(body["cursor"]),
            key=str(body["key"]),
            appended_at=datetime.fromtimestamp(body["appendedAt"] / 1_000, timezone.utc),
            event=body.get("event"),
            error=body.get("error"),
        )

    @property
    def type(self) -> Optional[str]:
        return None if self.event is None else str(self.event["type"])

    @property
    def id(self) -> Optional[str]:
        """What the event is about: the id of the prediction."""
        return None if self.event is None else str(self.event["subject"])

    @property
    def data(self) -> Mapping[str, Any]:
        return {} if self.event is None else self.event["data"]


class Replay(Iterator[ReplayLine]):
    """Iterates over a stretch of the log, partition after partition, in order within each.

    A connection that breaks is opened again behind the last line, so that every line comes once. `cursor` is where a later
    replay, also in another process, goes on to the same end; `end`, once all lines are read, where one begins that takes what
    came since. Both are for `client.replay(start=...)`.
    """

    def __init__(self, transport: Transport, query: Mapping[str, Any], limit: Optional[int]) -> None:
        self.cursor: Optional[str] = None
        self.end: Optional[str] = None
        self._transport = transport
        self._query = dict(query)
        self._left = limit
        self._lines: Optional[Iterator[bytes]] = None
        self._done = False

    def __iter__(self) -> Replay:
        return self

    def __next__(self) -> ReplayLine:
        if self._done or self._left == 0:
            self._finish()
            raise StopIteration
        line = self._next_line()
        if line is None:
            self._finish()
            raise StopIteration
        read = ReplayLine.of(json.loads(line))
        self.cursor = read.cursor
        if self._left is not None:
            self._left -= 1
        return read

    def close(self) -> None:
        """Lets go of the connection before all lines are read."""
        self._finish()

    def _finish(self) -> None:
        self._done = True
        lines, self._lines = self._lines, None
        if lines is not None and hasattr(lines, "close"):
            lines.close()

    def _next_line(self) -> Optional[bytes]:
        """The next line, None behind the last one. Goes on behind the last line when the connection breaks."""
        for again in self._transport.retrying.pauses():
            try:
                if self._lines is None:
                    self._lines = self._open()
                return next(self._lines, None)
            except broken as error:
                self._lines = None
                if not again(None):
                    raise Unreachable("The connection broke in the middle of the replay, each time.") from error
        raise AssertionError("attempts end by themselves")

    def _open(self) -> Iterator[bytes]:
        query: Dict[str, Any] = dict(self._query)
        if self.cursor is not None:
            query["from"] = self.cursor
        if self._left is not None:
            query["limit"] = self._left
        headers, _, lines = self._transport.lines("/v1/events", query=query, headers={"accept": "application/x-ndjson"})
        self.end = headers.get("hindcast-log-end")
        return lines
