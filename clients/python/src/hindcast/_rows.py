"""Rows, whatever they come in: a data frame, a table, an array, or any iterable of dicts and lists."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ._json import named
from .errors import ApiError

frame_rows = 1_000
"""Rows of a frame that are turned into Python objects at once."""

Line = Union[bytes, ApiError, None]
"""A row as JSON, or why it cannot be that; None where it says nothing."""


def rows_of(data: Any) -> Iterator[Any]:
    """One row after the other: dicts by column name of frames and tables, lists of arrays, else what is iterated, by its names."""
    if hasattr(data, "iter_rows") and hasattr(data, "columns"):  # polars
        yield from data.iter_rows(named=True)
    elif hasattr(data, "iloc") and hasattr(data, "to_dict"):  # pandas
        if not hasattr(data, "columns"):
            raise TypeError("A pandas Series is one column or one row: give a DataFrame, such as frame[[...]].")
        for start in range(0, len(data), frame_rows):
            yield from data.iloc[start : start + frame_rows].to_dict("records")
    elif hasattr(data, "to_batches"):  # pyarrow
        for batch in data.to_batches(max_chunksize=frame_rows):
            yield from batch.to_pylist()
    elif hasattr(data, "ndim") and hasattr(data, "tolist"):  # numpy
        if data.ndim != 2:
            raise TypeError(f"An array of rows has two dimensions, this one has {data.ndim}.")
        for start in range(0, len(data), frame_rows):
            yield from data[start : start + frame_rows].tolist()
    elif isinstance(data, (str, bytes, Mapping)):
        raise TypeError("Rows are an iterable of rows. For one row call submit() or predict().")
    else:
        yield from map(named, data)


def take_out(row: Any, columns: Sequence[Tuple[str, str]]) -> Tuple[Any, Dict[str, Any]]:
    """The row without the named columns, and what stood in them, by the member of the API that each is for."""
    if not columns:
        return row, {}
    if not isinstance(row, Mapping):
        raise TypeError(f"Columns are taken out of rows with names, not of {type(row).__name__}.")
    rest = dict(row)
    taken: Dict[str, Any] = {}
    for member, column in columns:
        if column not in rest:
            raise KeyError(f"There is no column {column!r} for {member}; there are: {', '.join(map(str, rest))}")
        taken[member] = rest.pop(column)
    return rest, taken


def line_of(write: Callable[[], Optional[bytes]]) -> Line:
    """What `write` makes of a row, or where its values have no form in JSON a refusal like those of the server."""
    try:
        return write()
    except UnicodeEncodeError:
        detail = "A text in the body has half of a surrogate pair."
    except (ValueError, TypeError, RecursionError) as error:
        detail = str(error)
    problem = {"type": "/problems/malformed-request", "title": "The request cannot be read", "status": 400}
    return ApiError.of(400, {**problem, "detail": detail})


def pieces(
    lines: Iterable[Tuple[int, bytes]], *, lines_max: int, bytes_max: int
) -> Iterator[List[Tuple[int, bytes]]]:
    """Numbered lines in order, so many together as may be sent at once. The same lines give the same pieces."""
    piece: List[Tuple[int, bytes]] = []
    size = 0
    for number, line in lines:
        if piece and (len(piece) >= lines_max or size + len(line) > bytes_max):
            yield piece
            piece, size = [], 0
        piece.append((number, line))
        size += len(line) + 1
    if piece:
        yield piece
