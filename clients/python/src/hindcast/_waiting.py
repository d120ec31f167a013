"""Predictions until they end: long polls, and the stream of their events."""

from __future__ import annotations

import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Iterable, Iterator, List, Optional, Union
from urllib.parse import quote

from ._event_stream import messages
from ._transport import Transport, broken
from .errors import Unreachable, WaitTimeout
from .predictions import HistoryEvent, Prediction

wait_max_s = 60
"""The server holds a request no longer for an answer."""
parallel_waits = 4
window_max = 1_000
"""Predictions that are waited for together."""

AnyPrediction = Union[str, Prediction]


def id_of(prediction: AnyPrediction) -> str:
    return prediction if isinstance(prediction, str) else prediction.id


def path_of(prediction_id: str) -> str:
    return f"/v1/predictions/{quote(prediction_id, safe='')}"


def wait_one(transport: Transport, prediction_id: str, timeout: float) -> Prediction:
    end = time.monotonic() + timeout
    while True:
        left = min(max(0.0, end - time.monotonic()), wait_max_s)
        seconds = math.ceil(left)
        # A request is held for whole seconds; the time that is left decides all the same.
        headers = {"prefer": f"wait={seconds}"} if seconds > 0 else {}
        answer = transport.request(
            "GET", path_of(prediction_id), headers=headers, timeout=transport.timeout + seconds
        )
        found = Prediction.of(answer.json())
        if found.ended:
            return found
        if time.monotonic() >= end:
            raise WaitTimeout(found.id, timeout)


def wait_many(transport: Transport, ids: Iterable[str], timeout: float) -> Iterator[Prediction]:
    """In the order of the ids, a window of them at once."""
    with ThreadPoolExecutor(parallel_waits, thread_name_prefix="hindcast-wait") as threads:
        window: List[str] = []
        for one in ids:
            window.append(one)
            if len(window) == window_max:
                yield from threads.map(lambda name: wait_one(transport, name, timeout), window)
                window = []
        yield from threads.map(lambda name: wait_one(transport, name, timeout), window)


def follow_one(transport: Transport, prediction_id: str) -> Iterator[HistoryEvent]:
    last: Optional[str] = None
    while True:
        for again in transport.retrying.pauses():
            headers = {"accept": "text/event-stream", **({} if last is None else {"last-event-id": last})}
            try:
                _, status, lines = transport.lines(f"{path_of(prediction_id)}/events", query=None, headers=headers)
                if status == 204:
                    return
                for event_id, data in messages(lines):
                    last = event_id or last
                    if data:
                        yield HistoryEvent.of(json.loads(data))
                break
            except broken as error:
                if not again(None):
                    raise Unreachable("The stream broke, each time.") from error
