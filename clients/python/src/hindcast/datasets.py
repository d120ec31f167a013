"""Data sets: cuts of the log that never change."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ._download import download, manifest_name
from ._frames import pandas_frame, polars_frame, see_that_pandas_is_there, see_that_polars_is_there
from ._json import plain
from ._transport import Transport
from .errors import DatasetFailed, HindcastError, WaitTimeout

wait_max_s = 60
day_ms = 86_400_000
ended_statuses = frozenset(("succeeded", "failed", "canceled"))
readable_forms = frozenset(("parquet", "ndjson", "csv"))
as_they_are = "download() gets the files as they are."

Time = Union[datetime, str]
Folder = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Dataset:
    """A data set, whether or not it is cut yet. `id` is a hash of what it holds, `job` the work that cuts it."""

    id: str
    status: str
    model: str
    format: str
    job: str
    raw: Mapping[str, Any] = field(repr=False)

    @staticmethod
    def of(body: Mapping[str, Any]) -> Dataset:
        return Dataset(
            str(body["id"]), str(body["status"]), str(body["model"]), str(body["format"]), str(body["job"]), body
        )


AnyDataset = Union[str, Dataset]


class Datasets:
    """`client.datasets`: cut the log into data sets, and get them here."""

    def __init__(self, transport: Transport, cache: Path) -> None:
        self._transport = transport
        self._cache = cache

    def create(
        self,
        model: str,
        *,
        split: Optional[Mapping[str, float]] = None,
        unlabelled: Union[str, Tuple[Any, float]] = "drop",
        maturity_days: Optional[float] = None,
        pick: str = "latest",
        versions: Optional[Sequence[int]] = None,
        roles: Optional[Sequence[str]] = None,
        since: Optional[Time] = None,
        until: Optional[Time] = None,
        start: Optional[str] = None,
        end: Optional[str] = None,
        inputs: Optional[Sequence[str]] = None,
        context: Optional[Sequence[str]] = None,
        redact: Optional[Mapping[str, Union[str, float]]] = None,
        sample: Optional[float] = None,
        salt: Optional[str] = None,
        verified: bool = False,
        format: str = "parquet",
        timeout: Optional[float] = 600.0,
    ) -> Dataset:
        """Cuts everything that was predicted of a model, with its labels, as the log has it now, and waits until it is done.

        split: shares by name, `{"train": 0.8, "test": 0.2}`; an entity is in one of them.
        unlabelled: what becomes of predictions without a label: `drop`, `keep`, or `("no", 90)`: this label after so many days.
        maturity_days: only labels that came within that time, of predictions at least that old.
        start, end: positions of the cut; the same end makes the same set, with the same bytes, whenever it is asked for.
        redact: by column, `drop`, `hmac`, or the width of the buckets of a number.
        sample: a share of the rows. salt: another one chooses other rows, and divides them otherwise.
        verified: first hash the log, and cut only what was signed.
        timeout: None does not wait: `client.datasets.wait(dataset)`.
        """
        absent = unlabelled if isinstance(unlabelled, str) else _absent(*unlabelled)
        maturity = None if maturity_days is None else round(maturity_days * day_ms)
        body = {
            "model": model,
            "versions": versions and list(versions),
            "roles": roles and list(roles),
            "since": since,
            "until": until,
            "from": start,
            "to": end,
            "inputs": inputs and list(inputs),
            "context": context and list(context),
            "labels": _given({"pick": pick, "maturityMs": maturity, "absent": absent}),
            "redact": redact and [_redaction(column, how) for column, how in redact.items()],
            "sample": None if sample is None else _given({"fraction": sample, "salt": salt}),
            "split": split
            and _given({"parts": [{"name": name, "share": share} for name, share in split.items()], "salt": salt}),
            "verified": verified or None,
            "format": format,
        }
        created = Dataset.of(self._transport.request("POST", "/v1/datasets", json=_given(body)).json())
        return created if timeout is None else self.wait(created, timeout=timeout)

    def wait(
        self,
        dataset: Dataset,
        *,
        timeout: float = 600.0,
        progress: Optional[Callable[[Mapping[str, Any]], None]] = None,
    ) -> Dataset:
        """The data set once it is cut. Raises `DatasetFailed` or `WaitTimeout`. `progress` gets `done`, `total`, `etaMs` now and then."""
        until = time.monotonic() + timeout
        while True:
            left = min(max(0, round(until - time.monotonic())), wait_max_s)
            # Long work tells of its progress meanwhile.
            seconds = min(left, 2) if progress else left
            headers = {"prefer": f"wait={seconds}"} if seconds > 0 else {}
            job = self._transport.request(
                "GET", f"/v1/jobs/{dataset.job}", headers=headers, timeout=self._transport.timeout + seconds
            ).json()
            if progress and job.get("progress"):
                progress(job["progress"])
            if job["status"] == "succeeded":
                return Dataset.of({**dataset.raw, "status": "succeeded"})
            if job["status"] in ended_statuses:
                raise DatasetFailed(dataset.id, str(job["status"]), job.get("error") or {})
            if time.monotonic() >= until:
                raise WaitTimeout(dataset.id, timeout)

    def manifest(self, dataset: AnyDataset) -> Mapping[str, Any]:
        """What a data set holds, of which stretch of the log, in which files, and what became of every request."""
        found: Mapping[str, Any] = self._transport.request("GET", f"/v1/datasets/{_id(dataset)}").json()
        return found

    def list(self) -> List[Dataset]:
        """The newest data sets, also those that are being cut."""
        return [Dataset.of(one) for one in self._transport.request("GET", "/v1/datasets").json()["data"]]

    def diff(self, a: AnyDataset, b: AnyDataset) -> List[Mapping[str, Any]]:
        """In what two data sets differ; nothing for the same one."""
        query = {"a": _id(a), "b": _id(b)}
        found: List[Mapping[str, Any]] = self._transport.request("GET", "/v1/datasets/diff", query=query).json()["differences"]
        return found

    def download(self, dataset: AnyDataset, folder: Optional[Folder] = None) -> Path:
        """The files of a data set in a folder: one for each split, and `manifest.json`. Without a folder it is one in the user's cache.

        Files that are there already are kept, a connection that breaks is opened again where it was, and every file is compared
        with its digest. Several processes may fetch the same set into the same folder at once; where another set comes
        into it meanwhile, or a file that was there is removed, this fails with `HindcastError` and changes nothing. So it
        does where a command holds the folder for more than a minute. Of an older set in the folder the
        files that its manifest names and the new set does not have are removed, and nothing else. A folder that has other files
        and no set is refused.
        """
        if folder is None:
            return self._cached(dataset)[0]
        download(self._transport, _id(dataset), Path(folder), "name")
        return Path(folder)

    def _cached(self, dataset: AnyDataset) -> Tuple[Path, Mapping[str, Any]]:
        folder = self._cache / _id(dataset)
        return folder, download(self._transport, _id(dataset), folder, "set XDG_CACHE_HOME to")

    def to_pandas(self, dataset: AnyDataset, split: Optional[str] = None) -> Any:
        """A split of a data set, or all of it, as a pandas DataFrame, the same one from each format. Needs pandas and pyarrow."""
        see_that_pandas_is_there()
        return pandas_frame(*self._local(dataset, split))

    def to_polars(self, dataset: AnyDataset, split: Optional[str] = None) -> Any:
        """A split of a data set, or all of it, as a polars DataFrame, the same one from each format. Needs polars."""
        see_that_polars_is_there()
        return polars_frame(*self._local(dataset, split))

    def _local(self, dataset: AnyDataset, split: Optional[str]) -> Tuple[str, List[Path], Dict[str, str]]:
        """The format, the files that have rows, and the types of their columns as the manifest has them."""
        folder, manifest = self._cached(dataset)
        try:
            form = str(manifest["format"])
            rows = {str(file["name"]): int(file["rows"]) for file in manifest["files"]}
            columns = {str(column["name"]): str(column["type"]) for column in manifest["columns"]}
        except (KeyError, TypeError, ValueError) as error:
            raise HindcastError(f"{folder / manifest_name} lacks what a frame is made by ({error!r}). {as_they_are}") from error
        if form not in readable_forms:
            raise HindcastError(f"The files of the data set are {form!r}, which makes no frame here. {as_they_are}")
        chosen = [name for name in rows if split is None or name.split("/")[0] == split]
        if not chosen:
            splits = ", ".join(sorted({name.split("/")[0] for name in rows})) or "none"
            raise HindcastError(f"The data set has no split {split!r}. It has: {splits}.")
        return form, [folder.joinpath(*name.split("/")) for name in chosen if rows[name] > 0], columns


def _absent(value: Any, days: float) -> Dict[str, Any]:
    return {"value": plain(value), "afterMs": round(days * day_ms)}


def _redaction(column: str, how: Union[str, float]) -> Dict[str, Any]:
    return {"column": column, "how": how} if isinstance(how, str) else {"column": column, "how": "bucket", "width": how}


def _given(members: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _id(dataset: AnyDataset) -> str:
    return dataset if isinstance(dataset, str) else dataset.id
