"""Data sets: what is asked for, frames, and a real cut where there is a server."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import unittest
from unittest import mock

from downloading import ID
from fake_server import Asked, FakeServer, Reply
from hindcast import Client, Dataset, DatasetFailed, HindcastError, PackagesMissing

try:
    import pandas
    import polars
    import pyarrow  # noqa: F401
except ImportError:
    pandas = None


def body(status: str = "running") -> dict:
    return {"id": ID, "status": status, "model": "churn", "format": "ndjson", "job": "job-1"}


class Cuts(unittest.TestCase):
    def test_say_what_is_asked_in_the_words_of_the_api(self) -> None:
        with FakeServer(lambda asked, turn: Reply(202, body())) as server, Client(server.url) as client:
            client.datasets.create(
                "churn", split={"train": 0.8, "test": 0.2}, unlabelled=("no", 90), maturity_days=30, salt="s", end="0:0:7",
                redact={"entity": "hmac", "input.age": 10}, sample=0.5, timeout=None,
            )
            self.assertEqual(server.asked[0].json, {
                "model": "churn",
                "to": "0:0:7",
                "labels": {"pick": "latest", "maturityMs": 2_592_000_000, "absent": {"value": "no", "afterMs": 7_776_000_000}},
                "redact": [{"column": "entity", "how": "hmac"}, {"column": "input.age", "how": "bucket", "width": 10}],
                "sample": {"fraction": 0.5, "salt": "s"},
                "split": {"parts": [{"name": "train", "share": 0.8}, {"name": "test", "share": 0.2}], "salt": "s"},
                "format": "parquet",
            })

    def test_are_waited_for_and_tell_how_far_they_are(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            status = "running" if turn < 3 else "succeeded" if asked.path.endswith("job-1") else "failed"
            return Reply(200, {"status": status, "progress": {"done": turn}, "error": {"code": "c", "detail": "It is gone."}})

        with FakeServer(answer) as server, Client(server.url) as client:
            told: list = []
            dataset = client.datasets.wait(Dataset.of(body()), progress=told.append)
            self.assertEqual((dataset.status, [one["done"] for one in told]), ("succeeded", [1, 2, 3]))
            with self.assertRaisesRegex(DatasetFailed, "has failed. It is gone."):
                client.datasets.wait(Dataset.of({**body(), "job": "job-2"}))


class Packages(unittest.TestCase):
    def test_that_frames_need_are_asked_for_by_a_line_before_anything_is_fetched(self) -> None:
        with FakeServer(lambda asked, turn: Reply(500)) as server, Client(server.url) as client:
            for missing, read, extras in (
                ("pandas", client.datasets.to_pandas, "pandas,pyarrow"),
                ("pyarrow", client.datasets.to_pandas, "pandas,pyarrow"),
                ("polars", client.datasets.to_polars, "polars"),
            ):
                with mock.patch.dict(sys.modules, {"pandas": mock.Mock(), missing: None}):
                    with self.assertRaises(PackagesMissing) as raised:
                        read(ID)
                self.assertIn(f'pip install "./clients/python[{extras}]"', str(raised.exception))
            self.assertEqual(server.asked, [])


@unittest.skipIf(pandas is None, "pandas, polars or pyarrow are not installed")
class Frames(unittest.TestCase):
    def test_have_the_columns_of_the_set_where_a_split_has_no_rows(self) -> None:
        # More than pyarrow reads at a time by itself.
        label = "yes" * 1_000_000
        texts = {
            "csv": (f"input.age,input.isNew,label,version\n1.5,true,{label},2\n", "input.age,input.isNew,label,version\n"),
            "ndjson": (f'{{"input.age":1.5,"input.isNew":true,"label":"{label}","version":2}}\n', ""),
        }
        types = {"input.age": "number", "input.isNew": "boolean", "label": "string", "version": "integer"}
        for form, splits in texts.items():
            contents = {f"{split}/part-0.{form}": text.encode() for split, text in zip(("train", "test"), splits)}
            manifest = {
                "datasetId": ID,
                "format": form,
                "columns": [{"name": name, "type": type} for name, type in types.items()],
                "files": [
                    {"name": name, "rows": int(name.startswith("train")), "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                    for name, content in contents.items()
                ],
            }

            def answer(asked: Asked, turn: int) -> Reply:
                return Reply(200, contents.get(asked.path.split("/files/")[-1], manifest))

            with self.subTest(form), tempfile.TemporaryDirectory() as cache, FakeServer(answer) as server:
                with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache}), Client(server.url) as client:
                    for frame_of in (client.datasets.to_pandas, client.datasets.to_polars):
                        train, test, whole = (frame_of(ID, split) for split in ("train", "test", None))
                        self.assertEqual((len(train), len(test), len(whole)), (1, 0, 1))
                        self.assertEqual(list(test.columns), list(types))
                        self.assertEqual(list(test.dtypes), list(train.dtypes))
                        self.assertEqual(list(whole.dtypes), list(train.dtypes))

    def test_are_refused_where_the_manifest_is_of_another_version(self) -> None:
        whole = {"datasetId": ID, "format": "csv", "columns": [], "files": []}
        lacking = [({name: value for name, value in whole.items() if name != gone}, gone) for gone in ("format", "columns")]
        for manifest, said in [*lacking, ({**whole, "format": "arrow"}, "are 'arrow'")]:
            with self.subTest(said), tempfile.TemporaryDirectory() as cache:
                with FakeServer(lambda asked, turn, sent=manifest: Reply(200, sent)) as server, Client(server.url) as client:
                    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache}):
                        for frame_of in (client.datasets.to_pandas, client.datasets.to_polars):
                            with self.assertRaisesRegex(HindcastError, f"{said}.*download\\(\\) gets the files as they are"):
                                frame_of(ID)


@unittest.skipIf(pandas is None, "pandas, polars or pyarrow are not installed")
@unittest.skipUnless("HINDCAST_URL" in os.environ, "HINDCAST_URL names no running Hindcast")
class Live(unittest.TestCase):
    def test_a_cut_is_a_frame_of_inputs_outputs_and_labels_and_imports_are_in_it(self) -> None:
        rows = [
            {
                "input": {"x": at, "plan": "pro" if at % 2 else None},
                "output": {"label": "yes"},
                "event_time": f"2025-03-01T12:{at // 60:02}:{at % 60:02}Z",
                "entity": f"c{at % 40}",
                "label": {"value": "yes" if at % 3 else "no"},
            }
            for at in range(300)
        ]
        with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache}), Client() as client:
            client.import_many(rows, source="legacy", model="py-dataset", model_version=1).raise_for_refused()
            for form in ("parquet", "ndjson", "csv"):
                dataset = client.datasets.create("py-dataset", split={"train": 0.8, "test": 0.2}, format=form)
                self.assertEqual(dataset.status, "succeeded")
                whole = client.datasets.to_pandas(dataset)
                train, test = (client.datasets.to_polars(dataset, split) for split in ("train", "test"))
                self.assertEqual((len(whole), len(train) + len(test)), (300, 300))
                self.assertEqual(set(train["entity"]) & set(test["entity"]), set())
                self.assertEqual(sorted(whole["input.x"]), list(range(300)))
                self.assertEqual((whole["label"] == "no").sum(), 100)
                self.assertEqual(set(whole["role"]), {"imported"})
            self.assertEqual(client.datasets.manifest(dataset)["accountedFor"]["rows"], 300)
            self.assertIn(dataset.id, [one.id for one in client.datasets.list()])
            self.assertEqual(client.datasets.diff(dataset, dataset), [])
            with self.assertRaisesRegex(HindcastError, "It has: test, train"):
                client.datasets.to_pandas(dataset, "validation")

    def test_a_cut_is_the_same_frame_in_each_format_whatever_its_values_look_like(self) -> None:
        texts = [
            "00701", "1", "1e5", "true", "2026-03-01", "NA", "null", "nan", "None", "NULL", "", None, " x ", 'a "b",\r\nc', "\r", "\0", "\\N", "#",
            "\ufeff\u2028é😀",
        ]
        count, late = 2_000, 1_995
        text_of = lambda at: texts[at % len(texts)] if at < 200 else None
        rows = [
            {
                "input": {
                    "n": at,
                    "text": text_of(at),
                    "digits": f"00{at}",
                    "late": f"A{at}" if at >= late else None,
                    "late_time": 1_780_000_000_000 + at if at >= late else None,
                    "created_at": at * 1e21 if at % 2 else -0.0,
                    "flag": None if at % 7 else at % 2 == 0,
                    "late_flag": True if at >= late else None,
                    "whole_flag": at % 2 == 0,
                    "mixed": [1, "1", {"a": [None]}, "null", None][at % 5],
                    'odd "name",\nof\r\na column': at,
                },
                "output": {"label": text_of(at), "score": 1 / (at + 1)},
                "event_time": "2025-03-01T12:00:00.123456Z",
                "entity": f"00{at}",
                **({"label": {"value": f"{at - late}"}} if at >= late else {}),
            }
            for at in range(count)
        ]
        with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache}), Client() as client:
            client.import_many(rows, source="legacy", model="py-odd", model_version=1).raise_for_refused()
            sets = [client.datasets.create("py-odd", unlabelled="keep", format=form) for form in ("parquet", "ndjson", "csv")]
            by_pandas = [client.datasets.to_pandas(one) for one in sets]
            by_polars = [client.datasets.to_polars(one) for one in sets]
            types = {column["name"]: column["type"] for column in client.datasets.manifest(sets[0])["columns"]}
        self.assertEqual({types[f"input.{name}"] for name in ("text", "digits", "late")} | {types["label"]}, {"string"})
        for other in (1, 2):
            with self.subTest(sets[other].format):
                pandas.testing.assert_frame_equal(by_pandas[other], by_pandas[0], check_exact=True)
                self.assertEqual(by_polars[other].schema, by_polars[0].schema)
                for name in by_polars[0].columns:
                    self.assertEqual(by_polars[other][name].to_list(), by_polars[0][name].to_list(), name)
        for form, frame in zip(("parquet", "ndjson", "csv"), by_polars):
            with self.subTest(form):
                found = {row["input.n"]: row for row in frame.iter_rows(named=True)}
                for at, row in enumerate(rows):
                    for name in ("text", "digits", "late", "late_time", "created_at", "flag", "late_flag", "whole_flag"):
                        self.assertEqual(found[at][f"input.{name}"], row["input"][name])
                    self.assertEqual((found[at]["output.label"], found[at]["entity"]), (text_of(at), f"00{at}"))
                    self.assertEqual(found[at]["label"], f"{at - late}" if at >= late else None)


if __name__ == "__main__":
    unittest.main()
