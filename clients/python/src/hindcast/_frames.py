"""Files of a data set as frames, with the types that its manifest names: a reader that guesses takes the text 00701 for a number."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Mapping, Sequence

from .errors import PackagesMissing

block_bytes = 134_217_728
"""More than the longest row: pyarrow fails where one does not fit."""


def see_that_pandas_is_there() -> None:
    """Before a set is fetched that could not be read then. Raises `PackagesMissing`."""
    try:
        import pandas  # noqa: F401
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise PackagesMissing.of("to_pandas()", "pandas and pyarrow", "pandas,pyarrow", error) from error


def see_that_polars_is_there() -> None:
    """Before a set is fetched that could not be read then. Raises `PackagesMissing`."""
    try:
        import polars  # noqa: F401
    except ImportError as error:
        raise PackagesMissing.of("to_polars()", "polars", "polars", error) from error


def pandas_frame(form: str, files: Sequence[Path], columns: Mapping[str, str]) -> Any:
    """columns: their types as the manifest has them, in their order."""
    import pandas
    import pyarrow

    types = {
        "number": pyarrow.float64(),
        "integer": pyarrow.int64(),
        "boolean": pyarrow.bool_(),
        "time": pyarrow.timestamp("us", "UTC"),
    }
    schema = pyarrow.schema([(name, types.get(type, pyarrow.string())) for name, type in columns.items()])
    if not files:
        return schema.empty_table().to_pandas()
    if form == "parquet":
        return pandas.concat([pandas.read_parquet(path) for path in files], ignore_index=True)
    # Those of pandas itself do not tell an empty text from null in CSV, and take some numbers and texts of NDJSON for times.
    read = _csv_table if form == "csv" else _ndjson_table
    return pyarrow.concat_tables([read(path, schema) for path in files]).to_pandas()


def _csv_table(path: Path, schema: Any) -> Any:
    from pyarrow import csv

    return csv.read_csv(
        path,
        read_options=csv.ReadOptions(block_size=block_bytes),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )


def _ndjson_table(path: Path, schema: Any) -> Any:
    from pyarrow import json

    return json.read_json(
        path,
        read_options=json.ReadOptions(block_size=block_bytes),
        parse_options=json.ParseOptions(explicit_schema=schema),
    )


def polars_frame(form: str, files: Sequence[Path], columns: Mapping[str, str]) -> Any:
    """columns: their types as the manifest has them, in their order."""
    import polars

    if form == "parquet" and files:
        return polars.concat([polars.read_parquet(path) for path in files], how="vertical_relaxed")
    types = {"number": polars.Float64, "integer": polars.Int64, "boolean": polars.Boolean}
    schema = {name: types.get(type, polars.String) for name, type in columns.items()}
    # Columns by their places: of a name with quotes in it polars does not undo them.
    read = partial(polars.read_csv, has_header=False, skip_rows=1) if form == "csv" else polars.read_ndjson
    texts = polars.concat([polars.DataFrame(schema=schema), *(read(path, schema=schema) for path in files)])
    return texts.with_columns(
        polars.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC")
        for name, type in columns.items()
        if type == "time"
    )
