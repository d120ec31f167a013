"""Data sets: what is asked for, frames, and a real cut where there is a server."""

from __future__ import annotations

import hashlib
import os
import tempfile
import unittest
from unittest import mock

from downloading import ID
from fake_server import Asked, FakeServer, Reply
from hindcast import Client, Dataset, DatasetFailed, HindcastError

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


@unittest.skipIf(pandas is None, "pandas, polars or pyarrow are not installed")
class Frames(unittest.TestCase):
    def test_have_the_columns_of_the_set_where_a_split_has_no_rows(self) -> None:
        texts = {
            "csv": ("input.age,input.isNew,label,version\n1.5,true,yes,2\n", "input.age,input.isNew,label,version\n"),
            "ndjson": ('{"input.age":1.5,"input.isNew":true,"label":"yes","version":2}\n', ""),
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


if __name__ == "__main__":
    unittest.main()
