"""Predictions as the API shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from .errors import ApiError, NotSucceeded

ended_statuses = frozenset(("succeeded", "failed", "canceled", "expired"))


@dataclass(frozen=True)
class Prediction:
    """A prediction as far as it has come. `raw` is all that the server said of it."""

    id: str
    status: str
    model: str
    model_version: int
    output: Any = None
    error: Optional[Mapping[str, Any]] = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(body: Mapping[str, Any]) -> Prediction:
        return Prediction(
            id=str(body["id"]),
            status=str(body["status"]),
            model=str(body["model"]),
            model_version=int(body["modelVersion"]),
            output=body.get("output"),
            error=body.get("error"),
            raw=body,
        )

    @property
    def ended(self) -> bool:
        return self.status in ended_statuses

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"

    def result(self) -> Any:
        """The output. Raises `NotSucceeded` where it ended without one."""
        if self.ended and not self.succeeded:
            raise NotSucceeded(self)
        return self.output


@dataclass(frozen=True)
class Refused:
    """A row that was not accepted: its place among the rows that were given, from 0, and why. Pointers name it by that place."""

    index: int
    error: ApiError


@dataclass(frozen=True)
class Warned:
    """A row that was taken and is odd: its place among the rows that were given, from 0, and what is odd about it."""

    index: int
    warnings: Tuple[str, ...]


@dataclass(frozen=True)
class Submitted:
    """Many rows that were sent: an id for each in their order, None where a row was refused."""

    ids: Tuple[Optional[str], ...]
    refused: Tuple[Refused, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def accepted(self) -> List[str]:
        """Ids of the rows that were accepted, in their order."""
        return [id for id in self.ids if id is not None]

    def raise_for_refused(self) -> Submitted:
        """Raises the first refusal, if there is one."""
        if self.refused:
            raise self.refused[0].error
        return self


@dataclass(frozen=True)
class HistoryEvent:
    """An event of one prediction. `data` is None where the log no longer has it, or where it counts for nobody."""

    type: str
    position: str
    verdict: str
    data: Any
    raw: Mapping[str, Any] = field(repr=False)

    @staticmethod
    def of(body: Mapping[str, Any]) -> HistoryEvent:
        return HistoryEvent(
            str(body.get("type")), str(body.get("position")), str(body.get("verdict")), body.get("data"), body
        )


def flat_rows(predictions: Iterable[Prediction]) -> Iterator[Dict[str, Any]]:
    """One flat dict for each prediction, for `pandas.DataFrame(...)` or `polars.from_dicts(...)`.

    An output that is an object gets a column for each member, named as in `output.probabilities.yes`.
    """
    for prediction in predictions:
        row: Dict[str, Any] = {
            "id": prediction.id,
            "status": prediction.status,
            "model": prediction.model,
            "model_version": prediction.model_version,
        }
        for name in ("entity", "referenceId", "eventTime"):
            if name in prediction.raw:
                row[name] = prediction.raw[name]
        if prediction.output is not None:
            row.update(_flat("output", prediction.output))
        yield row


def _flat(name: str, value: Any) -> Iterator[Tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _flat(f"{name}.{key}", one)
    else:
        yield name, value
