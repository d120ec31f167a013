"""What came true, told to Hindcast."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

from ._json import encode, plain
from ._rows import Line, line_of, rows_of
from ._transport import Transport
from ._upload import upload, warnings_in
from ._waiting import path_of
from .predictions import Refused, Warned

names = {
    "id": "id",
    "reference_id": "referenceId",
    "entity": "entity",
    "since": "from",
    "until": "to",
    "model": "model",
    "match": "match",
    "value": "value",
    "occurred_at": "occurredAt",
    "source": "source",
    "weight": "weight",
}
"""Names of Python, and the members of the API that they are for. Rows may have either."""


@dataclass(frozen=True)
class LabelOutcome:
    """What became of a label: `applied` to `predictions`, or `parked` until there is a prediction that it fits."""

    status: str
    predictions: Tuple[str, ...]
    position: Optional[str]
    warnings: Tuple[str, ...] = ()
    """What is odd about it, such as a value that is none of the model's classes. It is kept nevertheless."""


@dataclass(frozen=True)
class LabelReport:
    """What became of many labels. `refused` has the first of those that are not in the log, by their place from 0, and
    `warned` the first that are kept though something is odd about them, such as a value that is none of the model's classes."""

    applied: int
    parked: int
    refused_count: int
    refused: Tuple[Refused, ...]
    warned_count: int = 0
    warned: Tuple[Warned, ...] = ()

    def raise_for_refused(self) -> LabelReport:
        """Raises the first refusal, if there is one."""
        if self.refused:
            raise self.refused[0].error
        return self


def label_one(transport: Transport, members: Mapping[str, Any]) -> LabelOutcome:
    headers = {"idempotency-key": uuid.uuid4().hex}
    body = transport.request("POST", "/v1/labels", json=body_of(members), headers=headers).json()
    predictions = tuple(body.get("predictions") or ())
    return LabelOutcome(str(body["status"]), predictions, body.get("position"), warnings_in(body))


def label_known(transport: Transport, prediction: str, members: Mapping[str, Any]) -> LabelOutcome:
    """By the door of one prediction, which refuses an id that it does not know. The same label again makes no revision."""
    body = transport.request("POST", f"{path_of(prediction)}/labels", json=body_of(members)).json()
    return LabelOutcome("applied", (prediction,), body.get("position"), warnings_in(body))


def label_many(transport: Transport, labels: Any, columns: Mapping[str, str], retract: bool) -> LabelReport:
    uploaded = upload(transport, "/v1/labels", {}, label_lines(labels, columns, retract))
    applied, parked, refused, warned = (
        uploaded.counts.get(status, 0) for status in ("applied", "parked", "refused", "warned")
    )
    return LabelReport(applied, parked, refused, uploaded.refused, warned, uploaded.warned)


def label_lines(labels: Any, columns: Mapping[str, str], retract: bool) -> Iterator[Tuple[int, Line]]:
    """Labels as numbered lines of NDJSON. What is missing in a row, as null or NaN, is not given; nor is a row without a
    value, which says nothing yet, unless it is to take a label back."""

    def written(members: Mapping[str, Any]) -> Optional[bytes]:
        body = body_of(members)
        return encode(body) if retract or body.get("value") is not None else None

    known = set(names) | set(names.values())
    unknown = set(columns) - set(names)
    if unknown:
        raise TypeError(f"A label has no {sorted(unknown)[0]!r}; it has: {', '.join(names)}")
    for number, row in enumerate(rows_of(labels)):
        if not isinstance(row, Mapping):
            raise TypeError(f"A label is a row with names, not a {type(row).__name__}.")
        members = {name: value for name, value in row.items() if name in known}
        members.update({name: row[column] for name, column in columns.items()})
        yield number, line_of(lambda: written(members))


def body_of(members: Mapping[str, Any]) -> Dict[str, Any]:
    body: Dict[str, Any] = {}
    for name, value in members.items():
        member = names.get(name, name)
        given = plain(value)
        if given is not None or member == "value":
            body[member] = given
    return body
