"""Many lines of NDJSON, sent a piece at a time, with an outcome for each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Tuple

from ._rows import Line, pieces
from ._transport import Transport
from .errors import ApiError
from .predictions import Refused, Warned

lines_max = 1_000
"""Lines that are sent together."""
bytes_max = 1_048_576
refused_max = 1_000
"""Refusals, and rows with warnings, that a report keeps; it counts all of them."""

ndjson = "application/x-ndjson"


@dataclass(frozen=True)
class Uploaded:
    """How many lines came out how, `warned` among them, and the first of those that were refused or warned of, by number."""

    counts: Mapping[str, int]
    refused: Tuple[Refused, ...]
    warned: Tuple[Warned, ...]


def upload(
    transport: Transport, path: str, query: Mapping[str, Any], lines: Iterable[Tuple[int, Line]]
) -> Uploaded:
    counts: Dict[str, int] = {}
    refused: List[Refused] = []
    warned: List[Warned] = []
    unsent: List[Refused] = []

    def sent() -> Iterator[Tuple[int, bytes]]:
        for number, line in lines:
            if isinstance(line, bytes):
                yield number, line
            elif line is not None:
                counts["refused"] = counts.get("refused", 0) + 1
                if len(unsent) < refused_max:
                    unsent.append(Refused(number, line))

    for number, outcome in _outcomes(transport, path, query, sent()):
        status = str(outcome["status"])
        counts[status] = counts.get(status, 0) + 1
        if status == "refused" and len(refused) < refused_max:
            problem = outcome["error"]
            refused.append(Refused(number, ApiError.of(problem.get("status", 422), problem)))
        warnings = warnings_in(outcome)
        if warnings:
            counts["warned"] = counts.get("warned", 0) + 1
            if len(warned) < refused_max:
                warned.append(Warned(number, warnings))
    first = sorted(refused + unsent, key=lambda one: one.index)[:refused_max]
    return Uploaded(counts, tuple(first), tuple(warned))


def warnings_in(outcome: Mapping[str, Any]) -> Tuple[str, ...]:
    return tuple(str(one["detail"]) for one in outcome.get("warnings") or ())


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
