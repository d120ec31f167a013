"""Predictions of before, that another system made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

from ._json import encode, plain
from ._rows import Line, line_of, rows_of
from ._transport import Transport
from ._upload import upload
from .predictions import Refused

names = {
    "model_version": "modelVersion",
    "model_sha256": "modelSha256",
    "event_time": "eventTime",
    "predicted_at": "predictedAt",
    "reference_id": "referenceId",
    "occurred_at": "occurredAt",
}
"""Names of Python, and the members of the API that they are for. Rows may have either."""


@dataclass(frozen=True)
class ImportReport:
    """What became of many rows. `repeated` ones were there already, of `labeled` ones only the label was new."""

    imported: int
    labeled: int
    repeated: int
    refused_count: int
    refused: Tuple[Refused, ...]

    def raise_for_refused(self) -> ImportReport:
        """Raises the first refusal, if there is one."""
        if self.refused:
            raise self.refused[0].error
        return self


def import_many(
    transport: Transport, rows: Any, source: Optional[str], model: Optional[str], model_version: Optional[int]
) -> ImportReport:
    query = {"source": source, "model": model, "modelVersion": model_version}
    uploaded = upload(transport, "/v1/imports", query, _lines(rows))
    imported, labeled, repeated, refused = (
        uploaded.counts.get(status, 0) for status in ("imported", "labeled", "repeated", "refused")
    )
    return ImportReport(imported, labeled, repeated, refused, uploaded.refused)


def _lines(rows: Any) -> Iterator[Tuple[int, Line]]:
    for number, row in enumerate(rows_of(rows)):
        if not isinstance(row, Mapping):
            raise TypeError(f"An import is a row with names, not a {type(row).__name__}.")
        yield number, line_of(lambda: _written(row))


def _written(row: Mapping[str, Any]) -> bytes:
    given = _members(row)
    if isinstance(given.get("label"), Mapping):
        given["label"] = _members(given["label"])
    # A column is there for all rows of a frame; what is missing in one is not said.
    return encode({name: value for name, value in given.items() if value is not None or name == "input"})


def _members(row: Mapping[str, Any]) -> Dict[str, Any]:
    return {names.get(name, name): plain(value) for name, value in row.items()}
