"""The sample of a pipeline: what its columns are, and its rows as they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from ._json import plain
from .errors import NotConvertible

probe_rows_max = 5
"""Rows in which a value or a column is taken away, to see what the pipeline makes of it."""
names_named_max = 20
"""Columns that the text of an error names."""


@dataclass(frozen=True)
class Column:
    """A feature, as the model takes it."""

    name: str
    is_text: bool


def columns_of(sample: Any) -> Tuple[Column, ...]:
    """The columns of a pandas DataFrame: numbers and booleans, or texts and categories."""
    if not (hasattr(sample, "iloc") and hasattr(sample, "columns")):
        raise NotConvertible("The sample must be a pandas DataFrame with the columns that the pipeline was fitted on.")
    if len(sample) == 0:
        raise NotConvertible("The sample has no rows: without golden rows nothing can be checked.")
    return tuple(_column(name, sample[name]) for name in sample.columns)


def _column(name: Any, values: Any) -> Column:
    if not isinstance(name, str) or not name:
        raise NotConvertible(f"Column {name!r} has no text for a name. Fit the pipeline on columns with names.")
    kind = values.dtype
    if str(kind) == "category":
        kind = values.cat.categories.dtype
    if getattr(kind, "kind", "") in "biuf" or str(kind).lower().startswith(("int", "uint", "float", "bool")):
        return Column(name, is_text=False)
    known = [value for value in values if plain(value) is not None]
    if all(isinstance(value, str) for value in known):
        return Column(name, is_text=True)
    if all(isinstance(value, (bool, int, float)) for value in known):
        return Column(name, is_text=False)
    raise NotConvertible(
        f"Column {name!r} holds neither numbers nor texts but {values.dtype}. Turn it into numbers before the pipeline, "
        "such as a time into days: what happens there is not part of the model."
    )


def see_that_columns_fit(pipeline: Any, sample: Any) -> None:
    """Raises `NotConvertible` where the columns of the sample are not those on which the pipeline was fitted."""
    names = list(getattr(pipeline, "feature_names_in_", ()))
    if not names or list(sample.columns) == names:
        return
    fitting = sample.head(probe_rows_max).reindex(columns=names)
    answer = _answer(pipeline, fitting)
    # Not every column is needed: a pipeline may drop some, and which ones only it can tell.
    lacking = [name for name in names if name not in sample and _answer(pipeline, fitting.drop(columns=name)) != answer]
    if lacking:
        named = ", ".join(map(repr, lacking[:names_named_max]))
        more = f" and {len(lacking) - names_named_max} more" if len(lacking) > names_named_max else ""
        raise NotConvertible(f"The sample lacks columns that the pipeline needs: {named}{more}.")
    if _answer(pipeline, sample.head(probe_rows_max)) != answer:
        raise NotConvertible(
            "The sample has other columns, or in another order, than the pipeline was fitted on: "
            "give sample[pipeline.feature_names_in_]."
        )


def _answer(pipeline: Any, frame: Any) -> str:
    """What the pipeline says of the frame, or why it says nothing."""
    try:
        return str(pipeline.predict(frame))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def as_fed(sample: Any, columns: Sequence[Column]) -> Any:
    """The sample as the model will see it: numbers go through float32, for the runtime has no others."""
    frame = sample.copy()
    for column in columns:
        if not column.is_text and getattr(frame[column.name].dtype, "kind", "") == "f":
            frame[column.name] = frame[column.name].astype("float32").astype(frame[column.name].dtype)
    return frame


def inputs_of(frame: Any, columns: Sequence[Column]) -> List[Dict[str, Any]]:
    """Rows as they are sent."""
    names = [column.name for column in columns]
    return [{str(name): plain(value) for name, value in row.items()} for row in frame[names].to_dict("records")]


def is_whole(row: Mapping[str, Any], features: Sequence[str]) -> bool:
    """Whether the row has all of these features."""
    return all(row[feature] is not None for feature in features)


def refused_missing(pipeline: Any, sample: Any, columns: Sequence[Column]) -> Iterator[str]:
    """Features that must be there: texts, and numbers without which the pipeline fails."""
    for column in columns:
        if column.is_text:
            yield column.name
            continue
        probe = sample.head(probe_rows_max).copy()
        probe[column.name] = float("nan")
        try:
            pipeline.predict(probe)
        except (TypeError, ValueError):
            yield column.name
