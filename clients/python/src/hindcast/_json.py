"""Values of data frames as JSON: what is missing becomes null, times become texts."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Mapping
from uuid import UUID


def plain(value: Any) -> Any:
    """The value as JSON has it. NaN, NaT and pandas' NA are null; numpy's scalars and arrays are numbers and lists."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if math.isinf(value):
            raise ValueError("JSON has no infinity: replace it before the row is sent.")
        return float(value)
    value = named(value)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(float(value))
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    raise TypeError(f"{type(value).__name__} has no form in JSON: {value!r}")


def named(value: Any) -> Any:
    """What has names as a dict by them, for sent by position they would be lost: a Series, a named tuple, a record of numpy.
    A Series with the labels 0 to n-1, which are those that pandas gives of its own accord, has none. All else is as it was."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value))
    if getattr(value, "ndim", None) == 0 and getattr(value.dtype, "names", None):
        return dict(zip(value.dtype.names, value.tolist()))
    if not (hasattr(value, "iloc") and hasattr(value, "index") and hasattr(value, "tolist")):
        return value
    labels = value.index.tolist()
    if labels == list(range(len(labels))):
        return value.tolist()
    if not all(isinstance(label, str) for label in labels) or len(set(labels)) < len(labels):
        raise ValueError(
            "The labels of a Series are texts, each of them once, or 0 to n-1. "
            "series.rename(str) makes names of numbers, series.tolist() takes the values by position."
        )
    return dict(zip(labels, value.tolist()))


def time_text(value: datetime) -> str:
    """ISO 8601 with a zone; a time without one is taken as UTC."""
    return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).isoformat()


def encode(value: Any) -> bytes:
    """A JSON text in UTF-8."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
