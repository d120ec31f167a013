"""Data sets: downloads that break, and a real cut where there is a server."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any, Callable
from unittest import mock

from fake_server import Asked, FakeServer, Reply
from hindcast import Client, Dataset, DatasetFailed, HindcastError, _folder_lock

try:
    import pandas
    import polars
    import pyarrow  # noqa: F401
except ImportError:
    pandas = None

CONTENT = bytes(range(256)) * 2_000
ID = "ab" * 32


def body(status: str = "running") -> dict:
    return {"id": ID, "status": status, "model": "churn", "format": "ndjson", "job": "job-1"}


class Downloads(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def files(self, under: str = ".") -> set:
        return {path.relative_to(self.folder).as_posix() for path in (self.folder / under).rglob("*") if path.is_file()}

    def answer(self, cuts: int, content: bytes = CONTENT, before: Callable[[], object] = lambda: None):
        digest = hashlib.sha256(CONTENT).hexdigest()
        manifest = {"datasetId": ID, "format": "ndjson", "files": [{"name": "train/part-0.ndjson", "bytes": len(CONTENT), "sha256": digest}]}

        def answer(asked: Asked, turn: int) -> Reply:
            if "/files/" not in asked.path:
                return Reply(200, manifest)
            before()
            first = int(asked.headers.get("range", "bytes=0-")[6:-1])
            return Reply(206 if first else 200, content[first:], cut=100_000 if first < cuts * 100_000 else None)

        server = FakeServer(answer)
        self.addCleanup(server.__exit__)
        return server

    def test_go_on_where_they_were_broken_off_and_are_not_made_twice(self) -> None:
        server = self.answer(cuts=3)
        with Client(server.url) as client:
            folder = client.datasets.download(ID, self.folder)
            self.assertEqual((folder / "train" / "part-0.ndjson").read_bytes(), CONTENT)
            ranges = [asked.headers.get("range") for asked in server.asked if "/files/" in asked.path]
            self.assertEqual(ranges, [None, "bytes=100000-", "bytes=200000-", "bytes=300000-"])
            client.datasets.download(ID, self.folder)
            self.assertEqual(len([asked for asked in server.asked if "/files/" in asked.path]), 4)

    def test_of_other_bytes_are_thrown_away(self) -> None:
        server = self.answer(0, content=CONTENT[::-1])
        with Client(server.url) as client, self.assertRaisesRegex(HindcastError, "thrown away"):
            client.datasets.download(ID, self.folder)
        self.assertEqual(self.files(), set())

    def test_write_nothing_of_a_set_that_has_a_file_with_a_strange_name(self) -> None:
        digest = hashlib.sha256(CONTENT).hexdigest()
        names = [
            "../beside", "../../beside", "train/../../beside", "/beside", str(self.folder / "beside"), "//beside", "C:/beside",
            "train\\..\\..\\beside", "train/..", "beside", "train/deep/beside", ".hidden/beside", "train/.beside", "train/beside\n", "", None,
        ]
        for name in names:
            files = [{"name": one, "bytes": len(CONTENT), "sha256": digest} for one in ("train/part-0.ndjson", name)]

            def answer(asked: Asked, turn: int) -> Reply:
                return Reply(200, {"datasetId": ID, "files": files} if asked.path.endswith(ID) else CONTENT)

            with self.subTest(name), FakeServer(answer) as server, Client(server.url) as client:
                with self.assertRaisesRegex(HindcastError, "which no file of a data set is called"):
                    client.datasets.download(ID, self.folder / "named" / "below")
                self.assertEqual(list(self.folder.iterdir()), [])
                self.assertEqual(len(server.asked), 1)

    def test_write_nothing_where_the_id_is_none(self) -> None:
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.folder / "cache")}), Client(self.answer(0).url) as client:
            for id in ("../../beside", str(self.folder / "beside"), ""):
                with self.subTest(id), self.assertRaisesRegex(HindcastError, "is no id of a data set"):
                    client.datasets.download(Dataset.of({**body(), "id": id}))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_of_two_processes_into_one_folder_do_not_meet(self) -> None:
        both = threading.Barrier(2, timeout=30)
        server = self.answer(cuts=2, before=both.wait)
        program = "import sys, hindcast; hindcast.Client(sys.argv[1]).datasets.download(*sys.argv[2:])"
        command = [sys.executable, "-c", program, server.url, ID, str(self.folder)]
        processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate()[1] for process in processes]
        self.assertEqual([process.returncode for process in processes], [0, 0], said)
        self.assertEqual(self.files(), {"manifest.json", "train/part-0.ndjson"})
        self.assertEqual((self.folder / "train" / "part-0.ndjson").read_bytes(), CONTENT)

    def start(self, program: str, *args: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_of_two_sets_into_one_folder_leave_the_one_that_was_there_first_whole(self) -> None:
        other = "cd" * 32
        digest = hashlib.sha256(CONTENT).hexdigest()
        names = {ID: ["train/a", "train/b"], other: ["train/c"]}
        asked_for_b, other_is_there = threading.Event(), threading.Event()

        def answer(asked: Asked, turn: int) -> Reply:
            if asked.path.endswith("/train/b"):
                asked_for_b.set()
                other_is_there.wait(30)
            if "/files/" in asked.path:
                return Reply(200, CONTENT)
            id = asked.path.rsplit("/", 1)[1]
            return Reply(200, {"datasetId": id, "files": [{"name": one, "bytes": len(CONTENT), "sha256": digest} for one in names[id]]})

        # Of the first set a file is there already, and is not fetched again; the other one takes it away.
        (self.folder / "train").mkdir()
        (self.folder / "train" / "a").write_bytes(CONTENT)
        (self.folder / "manifest.json").write_text(json.dumps({"datasetId": "e" * 64, "files": [{"name": "train/a"}]}))
        server = FakeServer(answer)
        self.addCleanup(server.__exit__)
        program = "import sys, hindcast; hindcast.Client(sys.argv[1]).datasets.download(*sys.argv[2:])"
        first = self.start(program, server.url, ID, str(self.folder))
        self.assertTrue(asked_for_b.wait(30))
        second = self.start(program, server.url, other, str(self.folder))
        self.assertEqual((second.communicate()[1], second.returncode), ("", 0))
        other_is_there.set()
        said = first.communicate()[1]
        self.assertNotEqual(first.returncode, 0)
        self.assertIn(f"HindcastError: Another process has put another data set into {self.folder} meanwhile: name a folder for each set.", said)
        self.assertEqual(self.files(), {"manifest.json", "train/c"})
        self.assertEqual(json.loads((self.folder / "manifest.json").read_text())["datasetId"], other)

    lock_it = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "db.execute('PRAGMA journal_mode = MEMORY')\n"
        "db.execute('BEGIN EXCLUSIVE')\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )

    def test_wait_for_who_holds_the_folder_until_that_one_is_killed(self) -> None:
        lock = self.folder / ".hindcast.lock"
        holder = self.start(self.lock_it, str(lock))
        self.assertEqual(holder.stdout and holder.stdout.readline(), "locked\n")
        with Client(self.answer(0).url) as client:
            with mock.patch.object(_folder_lock, "wait_s", 0.1), self.assertRaisesRegex(HindcastError, "wait for it, or name another"):
                client.datasets.download(ID, self.folder)
            self.assertEqual(self.files(), {lock.name})
            threading.Timer(0.5, holder.kill).start()
            client.datasets.download(ID, self.folder)
        self.assertEqual(self.files(), {"manifest.json", "train/part-0.ndjson"})

    def test_keep_others_out_while_files_are_put_in_place(self) -> None:
        replaced, said = os.replace, []

        def replace(*paths: Path) -> None:
            said.append(self.start(self.lock_it, str(self.folder / ".hindcast.lock")).communicate()[1])
            replaced(*paths)

        with Client(self.answer(0).url) as client, mock.patch.object(os, "replace", replace):
            client.datasets.download(ID, self.folder)
        self.assertEqual([one.splitlines()[-1] for one in said], ["sqlite3.OperationalError: database is locked"] * 2)

    def test_lock_another_file_where_the_locked_one_was_removed_meanwhile(self) -> None:
        connect, lock = sqlite3.connect, self.folder / ".hindcast.lock"

        def removed_once_it_is_open(path: str, **options: Any) -> sqlite3.Connection:
            db = connect(path, **options)
            if not opened:
                lock.unlink()
            opened.append(path)
            return db

        opened: list = []
        with mock.patch("sqlite3.connect", removed_once_it_is_open), _folder_lock.held(self.folder):
            self.assertEqual(self.files(), {lock.name})
        self.assertEqual((opened, self.files()), ([str(lock)] * 2, set()))

    def test_say_what_to_do_where_the_folder_cannot_be_locked(self) -> None:
        (self.folder / ".hindcast.lock").write_text("mine " * 1_000)
        with Client(self.answer(0).url) as client, self.assertRaisesRegex(HindcastError, "not a database.*: move it away if it is not of"):
            client.datasets.download(ID, self.folder)
        self.assertEqual(self.files(), {".hindcast.lock"})

    def test_pass_over_what_others_have_begun_and_remove_what_is_a_day_old(self) -> None:
        names = [".part-0.ndjson.7-00112233445566aa.part", ".part-0.ndjson.7-00112233445566bb.part", ".mine.part", "part-0.ndjson.part"]
        old = time.time() - 90_000
        for name in names:
            (self.folder / name).write_bytes(CONTENT[:9])
            if name != names[1]:
                os.utime(self.folder / name, (old, old))
        meanwhile: list = []
        with Client(self.answer(0, before=lambda: meanwhile.append(self.files("train"))).url) as client:
            client.datasets.download(ID, self.folder)
        self.assertEqual(meanwhile, [set()])
        self.assertEqual(self.files(), {"manifest.json", "train/part-0.ndjson", *names[1:]})
        self.assertEqual((self.folder / "train" / "part-0.ndjson").read_bytes(), CONTENT)

    def put_earlier_set(self) -> None:
        """An older set, whose manifest also names what lies elsewhere and what is no file of a set, and files of somebody else."""
        inside = ["train/part-0.ndjson", "train/part-1.ndjson", "test/part-0.ndjson", "late/part-0.ndjson", "gone/part-0.ndjson"]
        strange = ["../beside", "train/../note", "train/..", "note", "/note", "late/deep/note", ".hidden/note", "late/note\n", None, 7]
        files = [*({"name": name} for name in inside + strange), None, "late/note", {}]
        others = ["../beside", "note", "late/note", "late/deep/note", "late/note\n", ".hidden/note", "train/part-2.ndjson"]
        for name in [*inside[:-1], *others]:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(f"old {name}")
        (self.folder / "manifest.json").write_text(json.dumps({"datasetId": "e" * 64, "files": files}))

    def test_remove_what_an_earlier_set_names_and_nothing_else(self) -> None:
        self.folder = self.folder / "set"
        self.put_earlier_set()
        with Client(self.answer(0).url) as client:
            client.datasets.download(ID, self.folder)
        self.assertEqual(self.files(), {
            "manifest.json", "train/part-0.ndjson",
            "note", "late/note", "late/deep/note", "late/note\n", ".hidden/note", "train/part-2.ndjson",
        })
        self.assertTrue((self.folder / ".." / "beside").exists())
        self.assertFalse((self.folder / "test").exists())
        self.assertEqual((self.folder / "train" / "part-0.ndjson").read_bytes(), CONTENT)

    def test_leave_an_earlier_set_until_all_files_have_come(self) -> None:
        self.folder = self.folder / "set"
        self.put_earlier_set()
        before = self.files()
        with Client(self.answer(0, content=CONTENT[::-1]).url) as client, self.assertRaises(HindcastError):
            client.datasets.download(ID, self.folder)
        self.assertEqual(self.files(), before)
        self.assertEqual((self.folder / "train" / "part-0.ndjson").read_text(), "old train/part-0.ndjson")

    def test_remove_an_earlier_set_again_where_that_was_broken_off(self) -> None:
        self.folder = self.folder / "set"
        self.put_earlier_set()
        manifest = (self.folder / "manifest.json").read_text()
        blocked = self.folder / "test" / "part-0.ndjson"
        blocked.unlink()
        blocked.mkdir()
        with Client(self.answer(0).url) as client:
            with self.assertRaises(OSError):
                client.datasets.download(ID, self.folder)
            self.assertEqual((self.folder / "manifest.json").read_text(), manifest)
            blocked.rmdir()
            client.datasets.download(ID, self.folder)
        self.assertNotIn("late/part-0.ndjson", self.files())

    def test_are_refused_where_a_manifest_is_of_something_else(self) -> None:
        (self.folder / "src").mkdir()
        (self.folder / "src" / "app.js").write_text("mine")
        for text in (b"{", b"[]", b"null", b'{"files":[{"name":"src/app.js"}]}', b"\xff"):
            with self.subTest(text), Client(self.answer(0).url) as client:
                (self.folder / "manifest.json").write_bytes(text)
                with self.assertRaisesRegex(HindcastError, "is not of a data set: move it away"):
                    client.datasets.download(ID, self.folder)
                self.assertEqual(self.files(), {"manifest.json", "src/app.js"})

    def test_of_which_a_placing_was_broken_off_leave_nothing_beside_the_next_set(self) -> None:
        digest = hashlib.sha256(CONTENT).hexdigest()

        def answer(asked: Asked, turn: int) -> Reply:
            if "/files/" in asked.path:
                return Reply(200, CONTENT)
            id = asked.path.rsplit("/", 1)[1]
            names = ["train/a", "train/b", "train/c"] if id == ID else ["train/d"]
            return Reply(200, {"datasetId": id, "files": [{"name": one, "bytes": len(CONTENT), "sha256": digest} for one in names]})

        blocked = self.folder / "train" / "b"
        blocked.mkdir(parents=True)
        with FakeServer(answer) as server, Client(server.url) as client:
            with self.assertRaises(OSError):
                client.datasets.download(ID, self.folder)
            self.assertEqual(self.files("train"), {"train/a"})
            blocked.rmdir()
            for path in self.folder.glob(".*"):
                os.utime(path, (0, 0))
            client.datasets.download("cd" * 32, self.folder)
        self.assertEqual(self.files(), {"manifest.json", "train/d"})


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
