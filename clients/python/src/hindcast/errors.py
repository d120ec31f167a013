"""What can go wrong, as exceptions that carry what the server said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from .predictions import Prediction, Submitted

rows_named_max = 20
"""Rows that the text of an error names; the error itself has all of them."""


class HindcastError(Exception):
    """Everything that this package raises of its own accord."""


class Unreachable(HindcastError):
    """No answer came, however often it was asked: nobody listens there, or the connection broke each time."""


@dataclass(frozen=True)
class Pointer:
    """One thing that is wrong, and where: a JSON pointer into the body, or the name of a parameter."""

    pointer: str
    detail: str


class ApiError(HindcastError):
    """The server refused. `code` is stable; `GET <type>` on the server is a page with the cause and what to do."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = dict(problem)
        self.type: str = str(problem.get("type", "about:blank"))
        self.code: str = self.type.rsplit("/", 1)[-1]
        self.title: str = str(problem.get("title", f"HTTP {status}"))
        self.detail: str = str(problem.get("detail", self.title))
        self.reason: Optional[str] = problem.get("reason")
        self.trace_id: Optional[str] = problem.get("traceId")
        self.errors: Tuple[Pointer, ...] = tuple(
            Pointer(str(one.get("pointer", "")), str(one.get("detail", ""))) for one in problem.get("errors") or ()
        )
        lines = [f"{self.detail} ({self.code}, HTTP {status})"]
        lines += [f"  {one.pointer} {one.detail}" for one in self.errors if one.detail not in self.detail]
        super().__init__("\n".join(lines))

    @staticmethod
    def of(status: int, problem: Mapping[str, Any]) -> ApiError:
        """The exception for an answer: `NotFound` for a 404."""
        return NotFound(status, problem) if status == 404 else ApiError(status, problem)


class NotFound(ApiError):
    """There is no such thing: a prediction, a model, a version."""


class AllRefused(ApiError):
    """No row of `submit_many` was accepted, and all for the reason of the first one. `submitted` says it row by row."""

    def __init__(self, submitted: Submitted) -> None:
        self.submitted = submitted
        first = submitted.refused[0].error
        super().__init__(first.status, first.problem)
        self.args = (f"No row of {len(submitted)} was accepted, all for the same reason. {first}",)


class WaitTimeout(HindcastError, TimeoutError):
    """A prediction, or the cut of a data set, had not ended in time. It goes on: wait again."""

    def __init__(self, id: str, seconds: float) -> None:
        self.id = id
        super().__init__(f"{id} had not ended after {seconds:g} s. It goes on: wait again, or look at it later.")


class NotSucceeded(HindcastError):
    """The prediction ended without an output: it failed, expired or was canceled. `prediction.error` says why."""

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction
        detail = (prediction.error or {}).get("detail", "")
        super().__init__(f"Prediction {prediction.id} has {prediction.status}. {detail}".rstrip())


class DatasetFailed(HindcastError):
    """The data set was not cut: its job failed or was canceled."""

    def __init__(self, id: str, status: str, error: Mapping[str, Any]) -> None:
        self.id = id
        self.status = status
        self.code: Optional[str] = error.get("code")
        super().__init__(f"The cut of data set {id} has {status}. {error.get('detail', '')}".rstrip())


class LogNotConsistent(HindcastError):
    """What is signed now does not begin with what was signed before. `findings` are lines for people."""

    def __init__(self, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(self.findings))


class PackagesMissing(HindcastError, ImportError):
    """Something needs packages that are not installed here, or that cannot be imported; the text says how to get them."""

    @staticmethod
    def of(what: str, packages: str, extras: str, error: ImportError) -> PackagesMissing:
        # By the path: what is called hindcast in a registry is somebody else's.
        command = f'pip install "./clients/python[{extras}]"'
        return PackagesMissing(f"{what} needs {packages}: {command} in the folder of Hindcast's sources ({error}).")


class NotConvertible(HindcastError):
    """The pipeline cannot be served as it is; the text says what to change."""


class GoldenRowsDiffer(HindcastError):
    """The served model does not say what the pipeline says. `rows` are places in the sample, from 0, with both answers."""

    def __init__(self, what: str, rows: Sequence[Tuple[int, Any, Any]]) -> None:
        self.rows = tuple(rows)
        named = "\n".join(f"  row {row}: pipeline {ours}, {what} {theirs}" for row, ours, theirs in rows[:rows_named_max])
        more = f"\n  and {len(rows) - rows_named_max} more" if len(rows) > rows_named_max else ""
        super().__init__(f"{what[0].upper()}{what[1:]} differs from the pipeline in {len(rows)} golden rows:\n{named}{more}")
