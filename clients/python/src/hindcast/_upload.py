"""Many lines of NDJSON, sent a piece at a time, with an outcome for each."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Tuple

from ._rows import pieces
from ._transport import Transport
from .errors import ApiError
from .predictions import Refused

lines_max = 1_000
"""Lines that are sent together."""
bytes_max = 1_048_576
refused_max = 1_000
"""Refusals that a report keeps; it counts all of them."""

ndjson = "application/x-ndjson"


def upload(
    transport: Transport, path: str, query: Mapping[str, Any], lines: Iterable[Tuple[int, bytes]]
) -> Tuple[Dict[str, int], Tuple[Refused, ...]]:
    """How many lines came out how, and the first of those that were refused, by their numbers."""
    counts: Dict[str, int] = {}
    refused: List[Refused] = []
    for number, outcome in _outcomes(transport, path, query, lines):
        status = str(outcome["status"])
        counts[status] = counts.get(status, 0) + 1
        if status == "refused" and len(refused) < refused_max:
            problem = outcome["error"]
            refused.append(Refused(number, ApiError.of(problem.get("status", 422), problem)))
    return counts, tuple(refused)


def _outcomes(
    transport: Transport, path: str, query: Mapping[str, Any], lines: Iterable[Tuple[int, bytes]]
) -> Iterator[Tuple[int, Mapping[str, Any]]]:
    for piece in pieces(lines, lines_max=lines_max, bytes_max=bytes_max):
        body = b"".join(line + b"\n" for _, line in piece)
        headers = {
            "content-type": ndjson,
            "accept": ndjson,
            # The same lines have the same key whenever they are sent, and then change nothing.
            "idempotency-key": f"upload-{sha256(body).hexdigest()}",
        }
        answer = transport.request("POST", path, query=query, body=body, headers=headers)
        for text in answer.body.splitlines():
            outcome = json.loads(text)
            yield piece[outcome["line"] - 1][0], outcome
