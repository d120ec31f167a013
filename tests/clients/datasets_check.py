"""Reads the files of a data set with pandas, polars, DuckDB and pyarrow, and compares them with what was written."""
import json
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

parquet, ndjson, csv = (Path(path) for path in sys.argv[1:4])
rows = [json.loads(line) for line in ndjson.read_text(encoding="utf-8").splitlines()]
checks = 0


def same(what, found, expected):
    global checks
    assert found == expected, f"{what}: {found!r} is not {expected!r}"
    checks += 1


names = list(rows[0])
by_pandas = pd.read_parquet(parquet)
by_polars = pl.read_parquet(parquet)
by_arrow = pq.read_table(parquet)
by_duckdb = duckdb.sql(f"SELECT * FROM read_parquet('{parquet}/*.parquet')")
for what, columns, count in [
    ("pandas", list(by_pandas.columns), len(by_pandas)),
    ("polars", by_polars.columns, by_polars.height),
    ("pyarrow", by_arrow.column_names, by_arrow.num_rows),
    ("duckdb", by_duckdb.columns, len(by_duckdb.fetchall())),
    ("pandas csv", list(pd.read_csv(csv).columns), len(pd.read_csv(csv))),
    ("polars ndjson", pl.read_ndjson(ndjson, infer_schema_length=None).columns, pl.read_ndjson(ndjson, infer_schema_length=None).height),
    ("duckdb csv", duckdb.sql(f"SELECT * FROM read_csv('{csv}')").columns, len(rows)),
]:
    same(f"{what} columns", columns, names)
    same(f"{what} rows", count, len(rows))

def plain(value):
    return None if value is None or value != value else value

for name in names:
    expected = [row[name] for row in rows]
    if name.endswith("At") or name == "eventTime":
        digits = 23 if name in ("madeAt", "acceptedAt", "completedAt", "labelRecordedAt") else 26
        found = [None if value is None else value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:digits] + "Z" for value in by_polars[name].to_list()]
        same(f"{name} is UTC", str(by_polars.schema[name].time_zone), "UTC")
    else:
        found = by_polars[name].to_list()
        same(f"pandas {name}", [plain(value) for value in by_pandas[name].astype(object)], expected)
    same(f"polars {name}", found, expected)

same("features by prefix", by_pandas.filter(regex=r"^input\.").shape[1] > 0, True)
print(f"{checks} checks passed")
