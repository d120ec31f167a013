"""Downloads into a folder where others are at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path
from typing import Callable
from unittest import mock

from downloading import CONTENT, ID, OTHER_ID, DownloadTest, fetch, manifest_of
from fake_server import Asked, FakeServer, Reply
from hindcast import Client, HindcastError, _download


class SharedFolders(DownloadTest):
    def test_of_two_processes_into_one_folder_do_not_meet(self) -> None:
        both = threading.Barrier(2, timeout=30)
        server = self.answer(cuts=2, before=both.wait)
        command = [sys.executable, "-c", fetch, server.url, ID, str(self.folder)]
        processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate()[1] for process in processes]
        self.assertEqual([process.returncode for process in processes], [0, 0], said)
        self.assertEqual(self.files(), {"manifest.json", "train/part-0.ndjson"})
        self.assertEqual((self.folder / "train" / "part-0.ndjson").read_bytes(), CONTENT)

    def test_of_two_sets_into_one_folder_leave_the_one_that_was_there_first_whole(self) -> None:
        names = {ID: ["train/a", "train/b"], OTHER_ID: ["train/c"]}
        asked_for_b, other_is_there = threading.Event(), threading.Event()

        def answer(asked: Asked, turn: int) -> Reply:
            if asked.path.endswith("/train/b"):
                asked_for_b.set()
                other_is_there.wait(30)
            if "/files/" in asked.path:
                return Reply(200, CONTENT)
            id = asked.path.rsplit("/", 1)[1]
            return Reply(200, manifest_of(names[id], id))

        # Of the first set a file is there already, and is not fetched again; the other one takes it away.
        (self.folder / "train").mkdir()
        (self.folder / "train" / "a").write_bytes(CONTENT)
        (self.folder / "manifest.json").write_text(json.dumps({"datasetId": "e" * 64, "files": [{"name": "train/a"}]}))
        server = FakeServer(answer)
        self.addCleanup(server.__exit__)
        first = self.start(fetch, server.url, ID, str(self.folder))
        self.assertTrue(asked_for_b.wait(30))
        second = self.start(fetch, server.url, OTHER_ID, str(self.folder))
        self.assertEqual((second.communicate()[1], second.returncode), ("", 0))
        other_is_there.set()
        said = first.communicate()[1]
        self.assertNotEqual(first.returncode, 0)
        self.assertIn(f"HindcastError: Another process has put another data set into {self.folder} meanwhile: name a folder for each set.", said)
        self.assertEqual(self.files(), {"manifest.json", "train/c"})
        self.assertEqual(json.loads((self.folder / "manifest.json").read_text())["datasetId"], OTHER_ID)

    def download_while_b_comes(self, meanwhile: Callable[[], object]) -> None:
        """A set of which train/a is there already."""
        self.put_of_broken_off("train/a")

        def answer(asked: Asked, turn: int) -> Reply:
            if "/files/" not in asked.path:
                return Reply(200, manifest_of(["train/a", "train/b"]))
            meanwhile()
            return Reply(200, CONTENT)

        with FakeServer(answer) as server, Client(server.url) as client:
            client.datasets.download(ID, self.folder)
            self.assertEqual([asked.path[-7:] for asked in server.asked[1:]], ["train/b"])

    def test_are_refused_where_a_file_that_was_whole_is_no_more(self) -> None:
        kept = self.folder / "train" / "a"
        for broken in (kept.unlink, lambda: kept.write_bytes(CONTENT[::-1])):
            with self.subTest(broken), self.assertRaisesRegex(HindcastError, "train.a was whole, and was changed or removed mean"):
                self.download_while_b_comes(broken)
            self.assertLessEqual(self.files(), {"train/a"})

    def test_take_a_file_that_another_process_has_put_there_anew(self) -> None:
        kept = self.folder / "train" / "a"
        self.download_while_b_comes(lambda: (kept.unlink(), kept.write_bytes(CONTENT)))
        self.assertEqual(self.files(), {"manifest.json", "train/a", "train/b"})

    def put_broken_off_by_the_command_line(self) -> None:
        self.put_of_broken_off("train/c")
        (self.folder / ".hindcast-unfinished" / "manifest.json").write_text(json.dumps(manifest_of(["train/c"], OTHER_ID)))

    def test_are_refused_where_the_command_line_was_killed_as_it_put_another_set_there(self) -> None:
        with self.assertRaisesRegex(HindcastError, "has put another data set into"):
            self.download_while_b_comes(self.put_broken_off_by_the_command_line)
        self.assertEqual(self.files(), {".hindcast-unfinished/manifest.json", "train/a", "train/c"})

    def test_leave_nothing_of_a_set_of_which_the_command_line_was_killed_before(self) -> None:
        self.put_broken_off_by_the_command_line()
        self.download_while_b_comes(lambda: None)
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"manifest.json", "train"})
        self.assertEqual(self.files("train"), {"train/a", "train/b"})

    def test_pass_over_what_others_have_begun_and_remove_what_is_a_day_old(self) -> None:
        names = [".part-0.ndjson.7-00112233445566aa.part", ".part-0.ndjson.7-00112233445566bb.part", ".mine.part", "part-0.ndjson.part"]
        old = time.time() - 90_000
        for name in names:
            path = self.put_of_broken_off(name)
            if name != names[1]:
                os.utime(path, (old, old))
        meanwhile: list = []
        with Client(self.answer(0, before=lambda: meanwhile.append(self.files("train"))).url) as client:
            client.datasets.download(ID, self.folder)
        self.assertEqual(meanwhile, [set()])
        self.assertEqual(self.files(), {"manifest.json", "train/part-0.ndjson", *names[1:]})
        self.assertEqual((self.folder / "train" / "part-0.ndjson").read_bytes(), CONTENT)

    def test_keep_what_came_more_than_a_day_ago_in_the_same_download(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            if "/files/" not in asked.path:
                return Reply(200, manifest_of(["train/a", "train/b"]))
            for path in self.folder.glob(".*.part"):
                os.utime(path, (0, 0))
            return Reply(200, CONTENT)

        with FakeServer(answer) as server, Client(server.url) as client:
            client.datasets.download(ID, self.folder)
        self.assertEqual(self.files(), {"manifest.json", "train/a", "train/b"})

    def test_fetch_a_file_that_is_removed_while_it_is_looked_at(self) -> None:
        path = self.put_of_broken_off("train/part-0.ndjson")
        digest = _download._digest

        def removed_before(file: Path) -> str:
            path.unlink(missing_ok=True)
            return digest(file)

        with Client(self.answer(0).url) as client, mock.patch.object(_download, "_digest", removed_before):
            client.datasets.download(ID, self.folder)
        self.assertEqual(path.read_bytes(), CONTENT)


if __name__ == "__main__":
    unittest.main()
