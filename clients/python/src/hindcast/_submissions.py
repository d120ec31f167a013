"""Requests for predictions: one row, or many in a durable append for each thousand."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ._json import encode, plain
from ._rows import line_of, pieces, take_out
from ._transport import Transport
from .errors import AllRefused, ApiError
from .predictions import Prediction, Refused, Submitted

items_max = 1_000
"""Rows of one request."""
items_bytes_max = 4_194_304
"""What is sent together, unless a row alone has more."""
body_bytes_max = 16_777_216
"""Of a request, as servers have it."""


def item_of(
    input: Any,
    entity: Optional[str],
    reference_id: Optional[str],
    event_time: Union[datetime, str, None],
    context: Optional[Mapping[str, Any]],
    priority: Optional[str],
) -> Dict[str, Any]:
    facts = {"entity": entity, "referenceId": reference_id, "eventTime": event_time, "context": context}
    return _with_facts(input, {**facts, "priority": priority})


def submit_one(
    transport: Transport,
    model: str,
    item: Mapping[str, Any],
    key: str,
    *,
    deadline_s: Optional[float] = None,
    wait_s: Optional[float] = None,
) -> Prediction:
    headers = {"idempotency-key": _quoted(key)}
    if deadline_s is not None:
        headers["cancel-after"] = f"{max(1, round(deadline_s * 1_000))}ms"
    seconds = 0 if wait_s is None else math.ceil(wait_s)
    if seconds > 0:
        headers["prefer"] = f"wait={seconds}"
    body = {"model": model, **item}
    timeout = transport.timeout + seconds
    return Prediction.of(transport.request("POST", "/v1/predictions", json=body, headers=headers, timeout=timeout).json())


def submit_many(
    transport: Transport, model: str, rows: Iterable[Any], columns: Sequence[Tuple[str, str]], key: str
) -> Submitted:
    """columns: which member of a request comes from which column of a row; what is named is no input."""
    head, tail = b'{"model":' + encode(model) + b',"items":[', b"]}"
    ids: List[Optional[str]] = []
    refused: List[Refused] = []

    def items() -> Iterator[Tuple[int, bytes]]:
        for number, row in enumerate(rows):
            ids.append(None)
            input, facts = take_out(row, columns)
            written = line_of(lambda: encode(_with_facts(input, facts)))
            if isinstance(written, bytes) and len(head) + len(written) + len(tail) > body_bytes_max:
                written = _too_large(len(written))
            if isinstance(written, bytes):
                yield number, written
            elif written is not None:
                refused.append(Refused(number, written))

    for at, piece in enumerate(pieces(items(), lines_max=items_max, bytes_max=items_bytes_max)):
        body = head + b",".join(item for _, item in piece) + tail
        numbers = [number for number, _ in piece]
        for number, outcome in zip(numbers, _outcomes(transport, body, f"{key}-{at}", numbers)):
            if isinstance(outcome, ApiError):
                refused.append(Refused(number, outcome))
            else:
                ids[number] = outcome
    submitted = Submitted(tuple(ids), tuple(sorted(refused, key=lambda one: one.index)))
    if refused and not submitted.accepted and len({reason for one in refused for reason in _reasons(one.error)}) <= 1:
        raise AllRefused(submitted)
    return submitted


def _reasons(error: ApiError) -> Iterator[Tuple[str, str, str]]:
    """What is wrong first, wherever the row stands; nothing of a row that the server no longer listed."""
    for one in error.errors[:1]:
        yield error.code, re.sub(r"^/items/\d+/", "/", one.pointer), one.detail
    if not error.errors and error.code != "invalid-input":
        yield error.code, "", error.detail


def _outcomes(transport: Transport, body: bytes, key: str, numbers: Sequence[int]) -> List[Union[str, ApiError]]:
    headers = {"idempotency-key": _quoted(key), "content-type": "application/json"}
    try:
        items = transport.request("POST", "/v1/predictions", body=body, headers=headers).json()["items"]
    except ApiError as refusal:
        error = _as_given(refusal, numbers)
        # Every row was refused: the answer is the first refusal, with what is wrong with all of them.
        if error.code != "invalid-input" or not error.errors:
            raise error from None
        return [_refusal_of(error, number) for number in numbers]
    return [_refused(one["problem"], numbers) if one["status"] == "refused" else str(one["id"]) for one in items]


def _refused(problem: Mapping[str, Any], numbers: Sequence[int]) -> ApiError:
    return _as_given(ApiError.of(problem.get("status", 422), problem), numbers)


def _as_given(error: ApiError, numbers: Sequence[int]) -> ApiError:
    """A server points into the part of the rows that it was sent; whoever gave them knows only their places among all."""

    def placed(text: str) -> str:
        return re.sub(r"^/items/(\d+)\b", lambda found: f"/items/{numbers[int(found[1])]}", text)

    errors = [{**one, "pointer": placed(str(one.get("pointer", "")))} for one in error.problem.get("errors") or ()]
    return ApiError.of(error.status, {**error.problem, "detail": placed(error.detail), "errors": errors})


def _too_large(size: int) -> ApiError:
    """As a server says it, or breaks the connection instead."""
    detail = f"The row has {size} bytes, and a request may have {body_bytes_max}."
    problem = {"type": "/problems/body-too-large", "title": "The body is too large", "status": 413, "detail": detail}
    return ApiError.of(413, problem)


def _with_facts(input: Any, facts: Mapping[str, Any]) -> Dict[str, Any]:
    given = {name: plain(value) for name, value in facts.items()}
    item = {name: value for name, value in given.items() if value is not None}
    for name in ("entity", "referenceId"):
        if name in item:
            item[name] = str(item[name])
    return {"input": input, **item}


def _refusal_of(error: ApiError, number: int) -> ApiError:
    """What a refusal of all rows says of one of them; what is wrong with the later ones may not be listed any more."""
    prefix = f"/items/{number}/"
    own = [one for one in error.problem.get("errors") or () if str(one.get("pointer", "")).startswith(prefix)]
    detail = f"{own[0]['pointer']} {own[0]['detail']}." if own else error.detail
    return ApiError.of(error.status, {**error.problem, "detail": detail, "errors": own})


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
