"""Downloads: connections that break, what a server may send, and what an older set leaves."""

from __future__ import annotations

import json
import os
import unittest
from unittest import mock

from downloading import CONTENT, ID, OTHER_ID, DownloadTest, manifest_of
from fake_server import Asked, FakeServer, Reply
from hindcast import Client, Dataset, HindcastError


class Downloads(DownloadTest):
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
        names = [
            "../beside", "../../beside", "train/../../beside", "/beside", str(self.folder / "beside"), "//beside", "C:/beside",
            "train\\..\\..\\beside", "train/..", "beside", "train/deep/beside", ".hidden/beside", "train/.beside", "train/beside\n", "", None,
            "manifest.json/part-0",
        ]
        for name in names:
            manifest = manifest_of(["train/part-0.ndjson", name])

            def answer(asked: Asked, turn: int) -> Reply:
                return Reply(200, manifest if asked.path.endswith(ID) else CONTENT)

            with self.subTest(name), FakeServer(answer) as server, Client(server.url) as client:
                with self.assertRaisesRegex(HindcastError, "which no file of a data set is called"):
                    client.datasets.download(ID, self.folder / "named" / "below")
                self.assertEqual(list(self.folder.iterdir()), [])
                self.assertEqual(len(server.asked), 1)

    def test_write_nothing_where_what_came_is_no_manifest_of_the_set(self) -> None:
        file = manifest_of(["train/a"])["files"][0]
        wrong_files = (
            None, {}, [None], [{}], [{**file, "bytes": -1}], [{**file, "bytes": "9"}], [{**file, "sha256": "../beside"}],
            *([{name: file[name] for name in file if name != absent}] for absent in file),
        )
        none = [*(json.dumps({"datasetId": ID, "files": files}).encode() for files in wrong_files), b"{}", b"[]", b"null", b"", b"<html>", b"\xff"]
        other = json.dumps(manifest_of(["train/a"], OTHER_ID)).encode()
        for came, said in [*((one, "is no manifest of a data set") for one in none), (other, f"sent the data set {OTHER_ID} in place of {ID}")]:
            def answer(asked: Asked, turn: int) -> Reply:
                return Reply(200, came if asked.path.endswith(ID) else CONTENT)

            with self.subTest(came), FakeServer(answer) as server, Client(server.url) as client:
                with self.assertRaisesRegex(HindcastError, f"{said}: is {server.url} the address of a Hindcast server"):
                    client.datasets.download(ID, self.folder / "named")
                self.assertEqual((list(self.folder.iterdir()), len(server.asked)), ([], 1))

    def test_give_up_where_an_answer_ends_well_and_too_soon(self) -> None:
        with Client(self.answer(0, CONTENT[:-1]).url) as client:
            with self.assertRaisesRegex(HindcastError, f"sends {len(CONTENT) - 1} bytes of train/part-0.ndjson, which should have {len(CONTENT)}"):
                client.datasets.download(ID, self.folder)
        self.assertEqual(self.files(), set())

    def test_write_nothing_where_the_id_is_none(self) -> None:
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.folder / "cache")}), Client(self.answer(0).url) as client:
            for id in ("../../beside", str(self.folder / "beside"), ""):
                with self.subTest(id), self.assertRaisesRegex(HindcastError, "is no id of a data set"):
                    client.datasets.download(Dataset.of({"id": id, "status": "succeeded", "model": "churn", "format": "ndjson", "job": "job-1"}))
        self.assertEqual(list(self.folder.iterdir()), [])

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

    def test_into_a_folder_of_other_files_are_refused_as_by_the_command_line(self) -> None:
        (self.folder / ".DS_Store").write_text("")
        with Client(self.answer(0).url) as client:
            for name in ("train", "notes.txt"):
                path = self.folder / name
                path.mkdir() if name == "train" else path.write_text("mine")
                with self.subTest(name), self.assertRaisesRegex(
                    HindcastError, f"{self.folder} has other files in it, such as {name}, and no data set: name another folder"
                ):
                    client.datasets.download(ID, self.folder)
                self.assertEqual({one.name for one in self.folder.iterdir()}, {".DS_Store", name})
                path.rmdir() if name == "train" else path.unlink()
            client.datasets.download(ID, self.folder)
            (self.folder / "notes.txt").write_text("mine")
            client.datasets.download(ID, self.folder)
        self.assertEqual(self.files(), {".DS_Store", "notes.txt", "manifest.json", "train/part-0.ndjson"})

    def test_of_which_a_placing_was_broken_off_leave_nothing_beside_the_next_set(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            if "/files/" in asked.path:
                return Reply(200, CONTENT)
            id = asked.path.rsplit("/", 1)[1]
            return Reply(200, manifest_of(["train/a", "train/b", "train/c"] if id == ID else ["train/d"], id))

        blocked = self.put_of_broken_off("train/b")
        blocked.unlink()
        blocked.mkdir()
        with FakeServer(answer) as server, Client(server.url) as client:
            with self.assertRaises(OSError):
                client.datasets.download(ID, self.folder)
            self.assertEqual(self.files("train"), {"train/a"})
            blocked.rmdir()
            for path in self.folder.glob(".*"):
                os.utime(path, (0, 0))
            client.datasets.download(OTHER_ID, self.folder)
        self.assertEqual(self.files(), {"manifest.json", "train/d"})


if __name__ == "__main__":
    unittest.main()
