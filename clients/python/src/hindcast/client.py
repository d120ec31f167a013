"""The client: everything that needs a running Hindcast."""

from __future__ import annotations

import os
import time
import uuid
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence, Type, Union

from ._json import plain
from ._rows import rows_of
from ._submissions import item_of, submit_many, submit_one
from ._transport import Retrying, Transport
from ._waiting import AnyPrediction, follow_one, id_of, path_of, wait_many, wait_max_s, wait_one
from .audit import Audit
from .datasets import Datasets
from .imports import ImportReport, import_many
from .labels import LabelOutcome, LabelReport, label_known, label_many, label_one
from .models import Models
from .predictions import HistoryEvent, Prediction, Submitted
from .replay import Replay

url_default = "http://127.0.0.1:8080"

Time = Union[datetime, str]


class Client:
    """Talks to a Hindcast.

    url: its address; `HINDCAST_URL` or http://127.0.0.1:8080 where it is not given.
    timeout: seconds without a byte after which a connection counts as broken.
    retry_for: seconds for which a request is repeated while the server is busy or away. Repeats are safe: what changes
        something carries a key, so that it happens once. 0: never.
    headers: sent with every request.

    May be used by several threads.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        timeout: float = 30.0,
        retry_for: float = 60.0,
        headers: Optional[Mapping[str, str]] = None,
    ) -> None:
        address = url or os.environ.get("HINDCAST_URL") or url_default
        self._transport = Transport(address, headers or {}, timeout, Retrying(retry_for))
        self.models = Models(self._transport)
        self.datasets = Datasets(self._transport, cache_folder())
        self.audit = Audit(self._transport)

    @property
    def url(self) -> str:
        return self._transport.url

    def close(self) -> None:
        """Closes the connections. A later call opens new ones."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def submit(
        self,
        model: str,
        input: Any,
        *,
        entity: Optional[str] = None,
        reference_id: Optional[str] = None,
        event_time: Optional[Time] = None,
        context: Optional[Mapping[str, Any]] = None,
        priority: Optional[str] = None,
        deadline_s: Optional[float] = None,
        key: Optional[str] = None,
    ) -> Prediction:
        """Asks for one prediction. When this returns it is on the server's disk, and will end within its deadline.

        model: `churn`, or `churn@2` for that very version.
        input: one row, a dict or a pandas Series by feature name, or a list by position. A Series with the labels 0 to n-1 has no names.
        key: makes repeats of your own safe, also after a restart: the same key and row are the same prediction.
        """
        item = item_of(input, entity, reference_id, event_time, context, priority)
        return submit_one(self._transport, model, item, key or uuid.uuid4().hex, deadline_s=deadline_s)

    def predict(
        self,
        model: str,
        input: Any,
        *,
        entity: Optional[str] = None,
        reference_id: Optional[str] = None,
        event_time: Optional[Time] = None,
        context: Optional[Mapping[str, Any]] = None,
        priority: Optional[str] = None,
        timeout: float = 60.0,
        key: Optional[str] = None,
    ) -> Prediction:
        """Asks for one prediction and waits for it. Raises `NotSucceeded` or `WaitTimeout`."""
        item = item_of(input, entity, reference_id, event_time, context, priority)
        end = time.monotonic() + timeout
        first = submit_one(self._transport, model, item, key or uuid.uuid4().hex, wait_s=min(timeout, wait_max_s))
        ended = first if first.ended else self.wait(first, timeout=max(0.0, end - time.monotonic()))
        ended.result()
        return ended

    def submit_many(
        self,
        model: str,
        rows: Any,
        *,
        entity: Optional[str] = None,
        reference_id: Optional[str] = None,
        event_time: Optional[str] = None,
        context: Optional[str] = None,
        key: Optional[str] = None,
    ) -> Submitted:
        """Asks for a prediction of each row: of a DataFrame, a table, an array, or an iterable of dicts, lists and Series.

        `entity`, `reference_id`, `event_time` and `context` name the columns that hold them; these are not given to the
        model. Rows are sent a thousand at a time, each thousand in one durable append. A bad row is refused alone.
        Where no row is accepted, and what is wrong first is the same in all, such as a column that is no feature of the model, it
        raises `AllRefused`, which has the result as `submitted`.
        key: makes a repeat of the whole call safe: the same key and rows are the same predictions.
        """
        named = {"entity": entity, "referenceId": reference_id, "eventTime": event_time, "context": context}
        columns = [(member, column) for member, column in named.items() if column is not None]
        return submit_many(self._transport, model, rows_of(rows), columns, key or uuid.uuid4().hex)

    def get(self, prediction: AnyPrediction) -> Prediction:
        """A prediction as it is now. Raises `NotFound` where none was accepted under this id."""
        return Prediction.of(self._transport.request("GET", path_of(id_of(prediction))).json())

    def wait(self, prediction: AnyPrediction, *, timeout: float = 60.0) -> Prediction:
        """The prediction once it has ended, however it ended. Raises `WaitTimeout`."""
        return wait_one(self._transport, id_of(prediction), timeout)

    def wait_many(self, predictions: Iterable[AnyPrediction], *, timeout: float = 60.0) -> Iterator[Prediction]:
        """Each prediction once it has ended, in the order in which they are given. `timeout` is for each of them."""
        return wait_many(self._transport, map(id_of, predictions), timeout)

    def cancel(self, prediction: AnyPrediction, *, reason: Optional[str] = None) -> Prediction:
        """Cancels a prediction. Raises `ApiError` with the code `prediction-ended` where its end was quicker."""
        body = None if reason is None else {"reason": reason}
        answer = self._transport.request("POST", f"{path_of(id_of(prediction))}/cancel", json=body)
        return self.get(prediction) if answer.status == 202 else Prediction.of(answer.json())

    def follow(self, prediction: AnyPrediction) -> Iterator[HistoryEvent]:
        """The events of a prediction as they come, until it has ended. A stream that breaks goes on behind the last one."""
        return follow_one(self._transport, id_of(prediction))

    def label(
        self,
        prediction: AnyPrediction,
        value: Any,
        *,
        must_exist: bool = False,
        occurred_at: Optional[Time] = None,
        source: Optional[str] = None,
        weight: Optional[float] = None,
    ) -> LabelOutcome:
        """Says what came true of a prediction. A later label corrects an earlier one; None takes it back.

        Where no prediction of this id is known, the label waits for it: its status is then `parked`, and that alone tells a
        mistyped id. With `must_exist` it raises `NotFound` instead, and nothing is kept.
        """
        members = {"value": value, "occurred_at": occurred_at, "source": source, "weight": weight}
        if must_exist:
            return label_known(self._transport, id_of(prediction), members)
        return label_one(self._transport, {"id": id_of(prediction), **members})

    def label_by(
        self,
        value: Any,
        *,
        reference_id: Optional[str] = None,
        entity: Optional[str] = None,
        since: Optional[Time] = None,
        until: Optional[Time] = None,
        model: Optional[str] = None,
        latest: bool = False,
        occurred_at: Optional[Time] = None,
        source: Optional[str] = None,
        weight: Optional[float] = None,
    ) -> LabelOutcome:
        """Says what came true of the predictions with a reference id, or of those of an entity in a window of time.

        latest: only of the newest of them, not of all. Where there is none yet the label waits for the first one.
        """
        address = {"reference_id": reference_id, "entity": entity, "since": since, "until": until, "model": model}
        members = {"value": value, "occurred_at": occurred_at, "source": source, "weight": weight}
        return label_one(self._transport, {**address, **members, "match": "latest" if latest else None})

    def label_many(self, labels: Any, *, retract: bool = False, **columns: str) -> LabelReport:
        """Says what came true of many predictions: rows of a DataFrame, a table, or an iterable of dicts.

        A row has `value` and one of `id`, `reference_id` and `entity`, and may have `since`, `until`, `model`, `match`,
        `occurred_at`, `source`, `weight`. Columns with other names are named: `label_many(frame, reference_id="order",
        value="paid")`. A row without a value is passed over, unless it is to take a label back (`retract`). One that cannot be
        written as JSON is refused alone, as by the server. The same labels again change nothing.
        """
        return label_many(self._transport, labels, columns, retract)

    def import_many(
        self, rows: Any, *, source: Optional[str] = None, model: Optional[str] = None, model_version: Optional[int] = None
    ) -> ImportReport:
        """Takes in what another system predicted before: rows of a frame, or an iterable of dicts.

        A row has `input`, `output` and `event_time` or `predicted_at`, and may have `model`, `model_version`, `model_sha256`,
        `entity`, `reference_id`, `context`, `id` and `label`, a dict with a `value`. `model` and `model_version` hold for rows that
        name none; `source` is the system that made them. The same rows again change nothing, and may bring labels that came since.
        """
        return import_many(self._transport, rows, source, model, model_version)

    def replay(
        self,
        *,
        types: Union[str, Sequence[str], None] = None,
        model: Optional[str] = None,
        since: Optional[Time] = None,
        until: Optional[Time] = None,
        start: Optional[str] = None,
        end: Optional[str] = None,
        topic: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> Replay:
        """The events of the log, in order within each partition, to where the log ends now.

        types: such as `PredictionRequested`, one or several. since, until: when the log stored them.
        start: the `cursor` of a line, to go on behind it; or the `end` of an earlier replay, to take what came since.
        """
        query = {
            "type": types if types is None or isinstance(types, str) else ",".join(types),
            "model": model,
            "since": plain(since),
            "until": plain(until),
            "from": start,
            "to": end,
            "topic": topic,
        }
        return Replay(self._transport, query, limit)


def cache_folder() -> Path:
    """Where data sets are kept that were loaded without naming a folder: they never change."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hindcast" / "datasets"
