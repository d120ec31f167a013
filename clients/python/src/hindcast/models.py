"""Registered models, and who gets their traffic."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, List, Mapping, Optional, Tuple, Union
from urllib.parse import quote

from ._transport import Transport
from .errors import ApiError

add_timeout_s = 240.0
"""A model is scanned, loaded and tried before the answer."""
moves_max = 5
"""Attempts to move the traffic while others change the model."""


@dataclass(frozen=True)
class ModelVersion:
    """A version of a model. `raw` has its signature, settings and an example."""

    name: str
    version: int
    state: str
    sha256: str
    warnings: Tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False)

    @staticmethod
    def of(body: Mapping[str, Any]) -> ModelVersion:
        return ModelVersion(
            name=str(body["name"]),
            version=int(body["version"]),
            state=str(body["state"]),
            sha256=str(body["sha256"]),
            warnings=tuple(str(one["detail"]) for one in body.get("warnings") or ()),
            raw=body,
        )

    @property
    def reference(self) -> str:
        """What a prediction names it by: `churn@2`."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True)
class Model:
    """A model, all its versions, and the one that gets the traffic."""

    name: str
    champion: Optional[int]
    paused: bool
    versions: Tuple[ModelVersion, ...]
    raw: Mapping[str, Any] = field(repr=False)

    @staticmethod
    def of(body: Mapping[str, Any]) -> Model:
        return Model(
            name=str(body["name"]),
            champion=(body.get("routing") or {}).get("champion"),
            paused=bool(body["paused"]),
            versions=tuple(ModelVersion.of(one) for one in body["versions"]),
            raw=body,
        )


class Models:
    """`client.models`: register versions, move the traffic, pause."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        name: str,
        file: Union[bytes, str, PathLike[str]],
        *,
        metadata: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        deadline_s: Optional[float] = None,
        timeout_s: Optional[float] = None,
        batch_max: Optional[int] = None,
    ) -> ModelVersion:
        """Registers an ONNX file, or its bytes, as the next version; the same file again is the version that it was.

        The first version of a model gets its traffic at once, later ones by `promote`. `metadata` says what the file does
        not say itself: features, classes, threshold, defaults, missing, example, description.
        """
        content = file if isinstance(file, bytes) else Path(file).read_bytes()
        headers = {"content-type": "application/octet-stream"}
        if metadata is not None:
            headers["hindcast-metadata"] = b64encode(json.dumps(metadata).encode()).decode()
        query = {
            "description": description,
            "deadlineMs": None if deadline_s is None else round(deadline_s * 1_000),
            "timeoutMs": None if timeout_s is None else round(timeout_s * 1_000),
            "batchMax": batch_max,
        }
        path = f"{_path(name)}/versions"
        answer = self._transport.request(
            "POST", path, query=query, body=content, headers=headers, timeout=max(add_timeout_s, self._transport.timeout)
        )
        return ModelVersion.of(answer.json())

    def get(self, name: str) -> Model:
        """A model. Raises `NotFound` where there is none."""
        return Model.of(self._transport.request("GET", _path(name)).json())

    def list(self) -> List[Model]:
        """All models."""
        return [Model.of(one) for one in self._transport.request("GET", "/v1/models").json()["data"]]

    def promote(self, name: str, version: int) -> Model:
        """Gives the traffic to a version, all of it: canaries end."""
        return self.route(name, champion=version)

    def route(self, name: str, *, champion: int, canary: Optional[Mapping[int, float]] = None) -> Model:
        """Divides the traffic: `canary={3: 0.1}` gives a tenth of it to version 3."""
        body = {
            "champion": champion,
            "canary": [{"version": version, "share": share} for version, share in (canary or {}).items()],
        }
        for attempt in range(1, moves_max + 1):
            etag = self._transport.request("GET", _path(name)).headers.get("etag", "")
            try:
                answer = self._transport.request("PUT", f"{_path(name)}/routing", json=body, headers={"if-match": etag})
                return Model.of(answer.json())
            except ApiError as error:
                # Somebody else, or a repeat of this very request, was quicker: decide again on the present state.
                if error.status != 412 or attempt == moves_max:
                    raise
        raise AssertionError("attempts end by themselves")

    def quality(
        self,
        name: str,
        *,
        version: Optional[int] = None,
        maturity: Optional[str] = None,
        absent: Optional[str] = None,
        after: Optional[str] = None,
        group_by: Optional[str] = None,
    ) -> List[Mapping[str, Any]]:
        """How good a model was, by version: label coverage and metrics of what was predicted and came true.

        maturity: only labels that came within `1h`, `1d`, `7d`, `30d` or `90d`. absent, after: the label of predictions that have
        none for so long. group_by: `hour` or `day`.
        """
        query = {"version": version, "maturity": maturity, "absent": absent, "after": after, "groupBy": group_by}
        found: List[Mapping[str, Any]] = self._transport.request("GET", f"{_path(name)}/quality", query=query).json()["data"]
        return found

    def pause(self, name: str) -> Model:
        """Holds the work of a model; predictions are accepted all the same."""
        return Model.of(self._transport.request("POST", f"{_path(name)}/pause").json())

    def resume(self, name: str) -> Model:
        """Goes on with the work of a model."""
        return Model.of(self._transport.request("POST", f"{_path(name)}/resume").json())

    def retire(self, name: str, version: int) -> ModelVersion:
        """A version takes no new predictions. Refused while it gets traffic."""
        return ModelVersion.of(self._transport.request("DELETE", f"{_path(name)}/versions/{version}").json())


def _path(name: str) -> str:
    return f"/v1/models/{quote(name, safe='')}"
