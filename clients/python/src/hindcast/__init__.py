"""Hindcast for people who work with data: predictions, labels, replay, and pipelines as served models.

    import hindcast

    client = hindcast.Client("http://127.0.0.1:8080")
    answer = client.predict("churn", {"tenure_months": 7, "plan": "basic", ...})
    client.label(answer.id, "yes")

Nothing beyond the standard library is needed. Rows may come from pandas, polars or pyarrow, where those are installed;
`hindcast.push` needs `pip install "./clients/python[sklearn]"`, in the folder of Hindcast's sources.
"""

from .audit import Audit, check_consistency
from .client import Client
from .datasets import Dataset, Datasets
from .errors import (
    AllRefused,
    ApiError,
    DatasetFailed,
    GoldenRowsDiffer,
    HindcastError,
    LogNotConsistent,
    NotConvertible,
    NotFound,
    NotSucceeded,
    PackagesMissing,
    Pointer,
    Unreachable,
    WaitTimeout,
)
from .imports import ImportReport
from .labels import LabelOutcome, LabelReport
from .models import Model, ModelVersion, Models
from .predictions import HistoryEvent, Prediction, Refused, Submitted, Warned, flat_rows
from .push import Pushed, push
from .replay import Replay, ReplayLine

__all__ = [
    "AllRefused",
    "ApiError",
    "Audit",
    "Client",
    "Dataset",
    "DatasetFailed",
    "Datasets",
    "GoldenRowsDiffer",
    "HindcastError",
    "HistoryEvent",
    "ImportReport",
    "LabelOutcome",
    "LabelReport",
    "LogNotConsistent",
    "Model",
    "ModelVersion",
    "Models",
    "NotConvertible",
    "NotFound",
    "NotSucceeded",
    "PackagesMissing",
    "Pointer",
    "Prediction",
    "Pushed",
    "Refused",
    "Replay",
    "ReplayLine",
    "Submitted",
    "Unreachable",
    "WaitTimeout",
    "Warned",
    "check_consistency",
    "flat_rows",
    "push",
]
