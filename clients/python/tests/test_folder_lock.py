"""The lock of a folder that a set is put into."""

from __future__ import annotations

import os
import sqlite3
import threading
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from downloading import ID, DownloadTest
from hindcast import Client, HindcastError, _folder_lock


class FolderLock(DownloadTest):
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
        self.assertEqual([one.splitlines()[-1] for one in said], ["sqlite3.OperationalError: database is locked"] * 3)

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


if __name__ == "__main__":
    unittest.main()
