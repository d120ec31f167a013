"""The lock of a folder that a set is put into."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import unittest
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Iterator, List
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
            with mock.patch.object(_folder_lock, "wait_s", 0.1), self.assertRaisesRegex(HindcastError, "wait for it, or name another folder.* name a folder on a local disk"):
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
        lock = self.folder / ".hindcast.lock"
        with self.once_it_is_open(lock.unlink) as opened, _folder_lock.held(self.folder, "name"):
            self.assertEqual(self.files(), {lock.name})
        self.assertEqual((opened, self.files()), ([str(lock)] * 2, set()))

    @contextmanager
    def once_it_is_open(self, happens: Callable[[], object]) -> Iterator[List[str]]:
        """What happens when the file of the lock was opened for the first time. Answers the files that are opened."""
        connect, opened = sqlite3.connect, []

        def connected(path: str, **options: Any) -> sqlite3.Connection:
            db = connect(path, **options)
            if not opened:
                happens()
            opened.append(path)
            return db

        with mock.patch("sqlite3.connect", connected):
            yield opened

    def make_anew(self) -> None:
        """As another process does that has the lock, at a later time of the file system."""
        lock = self.folder / ".hindcast.lock"
        before = lock.stat().st_ctime_ns
        while not lock.exists() or lock.stat().st_ctime_ns == before:
            lock.unlink(missing_ok=True)
            lock.touch()

    def numbers_are_given_again(self) -> Any:
        """As by ext4, where a new file often has the number of the one that was removed last."""
        stat = Path.stat

        def with_number(path: Path, **options: Any) -> SimpleNamespace:
            found = stat(path, **options)
            return SimpleNamespace(st_dev=1, st_ino=7, st_ctime_ns=found.st_ctime_ns, st_mode=found.st_mode)

        return mock.patch.object(Path, "stat", with_number)

    def test_tell_a_lock_from_one_that_was_made_anew_under_the_same_number(self) -> None:
        with self.numbers_are_given_again(), self.once_it_is_open(self.make_anew) as opened:
            with _folder_lock.held(self.folder, "name"):
                self.assertEqual(len(opened), 2)
                said = self.start(self.lock_it, str(self.folder / ".hindcast.lock")).communicate()[1]
        self.assertIn("database is locked", said)

    def test_leave_the_lock_of_the_next_one_where_the_folder_was_made_anew(self) -> None:
        for numbers in (nullcontext(), self.numbers_are_given_again()):
            with numbers, _folder_lock.held(self.folder, "name"):
                self.make_anew()
            self.assertEqual(self.files(), {".hindcast.lock"})

    @unittest.skipIf(os.name == "nt", "Windows sends no such signal to one process")
    def test_hear_of_ctrl_c_while_they_wait(self) -> None:
        holder = self.start(self.lock_it, str(self.folder / ".hindcast.lock"))
        self.assertEqual(holder.stdout and holder.stdout.readline(), "locked\n")
        program = (
            "import pathlib, sqlite3, sys\n"
            "from hindcast import _folder_lock\n"
            "connect = sqlite3.connect\n"
            "def told(*args, **options):\n"
            "    db = connect(*args, **options)\n"
            "    print('waits', flush=True)\n"
            "    return db\n"
            "sqlite3.connect = told\n"
            "_folder_lock.wait_s = 10\n"
            "with _folder_lock.held(pathlib.Path(sys.argv[1]), 'name'):\n"
            "    pass\n"
        )
        waiting = self.start(program, str(self.folder))
        # Once more only where it is Python that waits.
        self.assertEqual(waiting.stdout and [waiting.stdout.readline() for _ in range(2)], ["waits\n"] * 2)
        waiting.send_signal(signal.SIGINT)
        self.assertIn("KeyboardInterrupt", waiting.communicate(timeout=20)[1])

    def test_say_what_to_do_where_the_folder_cannot_be_locked(self) -> None:
        (self.folder / ".hindcast.lock").write_text("mine " * 1_000)
        with Client(self.answer(0).url) as client, self.assertRaisesRegex(HindcastError, "not a database.*: move it away if it is not of"):
            client.datasets.download(ID, self.folder)
        self.assertEqual(self.files(), {".hindcast.lock"})

    def test_say_what_to_do_whatever_keeps_them_from_locking(self) -> None:
        lock = self.folder / ".hindcast.lock"
        move_it = "cannot be locked .*: move it away if .* or name another folder, on a local disk: some network file systems"
        lock.mkdir()
        self.refused(move_it)
        lock.rmdir()
        lock.symlink_to(self.folder / "gone" / "file")
        self.refused(move_it)
        lock.unlink()
        with mock.patch.object(Path, "touch", side_effect=PermissionError(13, "Permission denied")):
            self.refused("Permission denied.* see that its folder may be written")
        with mock.patch("sqlite3.connect", side_effect=sqlite3.OperationalError("disk I/O error")):
            self.refused("disk I/O error.* on a local disk")
        with mock.patch.dict(sys.modules, {"sqlite3": None}):
            self.refused("This Python has no sqlite3 .*: take a Python that is built with it")
        lock.unlink()
        self.folder.rmdir()
        self.addCleanup(self.folder.mkdir)
        self.refused("was removed meanwhile: try again")

    def refused(self, what: str) -> None:
        with self.assertRaisesRegex(HindcastError, what), _folder_lock.held(self.folder, "name"):
            pass

    def test_say_how_the_cache_is_moved_where_no_folder_was_named(self) -> None:
        cache = self.folder / "cache"
        cache.write_text("mine")
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(cache)}), Client(self.answer(0).url) as client:
            with self.assertRaisesRegex(HindcastError, "There can be no folder .* or set XDG_CACHE_HOME to another folder"):
                client.datasets.download(ID)
            cache.unlink()
            (cache / "hindcast" / "datasets" / ID / ".hindcast.lock").mkdir(parents=True)
            with self.assertRaisesRegex(HindcastError, "cannot be locked .* or set XDG_CACHE_HOME to another folder, on a local disk"):
                client.datasets.download(ID)


if __name__ == "__main__":
    unittest.main()
