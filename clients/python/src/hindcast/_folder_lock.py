"""One process at a time puts a data set into a folder."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, NamedTuple, Optional, Tuple

from .errors import HindcastError

if TYPE_CHECKING:
    from sqlite3 import Connection

lock_name = ".hindcast.lock"
"""The command line locks the same file in the same way."""
wait_s = 60.0
pause_s = 0.05

Identity = Tuple[int, int, int]


class Lock(NamedTuple):
    db: Connection
    identity: Identity


@contextmanager
def held(folder: Path, choose: str) -> Iterator[None]:
    """Waits for whoever holds the folder. The operating system frees it when a process dies. choose: how another folder is named."""
    path = folder / lock_name
    lock = _waited_for(path, choose)
    try:
        yield
    finally:
        _remove(path, lock)


def _waited_for(path: Path, choose: str) -> Lock:
    # A Python can be built without it, and all but downloads work there.
    try:
        from sqlite3 import Error
    except ImportError as error:
        raise HindcastError(
            f"This Python has no sqlite3 ({error}), which locks the folder of a download: take a Python that is built with it, "
            "or `npx hindcast datasets download`."
        ) from error
    until = time.monotonic() + wait_s
    try:
        lock = _locked(path)
        while lock is None and time.monotonic() < until:
            # Not in SQLite, which would not hear of Ctrl-C.
            time.sleep(pause_s)
            lock = _locked(path)
    except FileNotFoundError as error:
        raise HindcastError(f"{path.parent} was removed meanwhile: try again, or {choose} another folder.") from error
    except (OSError, Error) as error:
        raise HindcastError(
            f"{path} cannot be locked ({error}): move it away if it is not of hindcast, see that its folder may be written, or "
            f"{choose} another folder, on a local disk: some network file systems have no locks."
        ) from error
    if lock is None:
        raise HindcastError(
            f"Another process is putting a data set into {path.parent}: wait for it, or {choose} another folder. Where there is "
            f"no such process, its file system has no locks, as some network file systems: {choose} a folder on a local disk."
        )
    return lock


def _locked(path: Path) -> Optional[Lock]:
    """An open exclusive transaction: a lock on every system that no killed process can leave behind. None where another one has
    it, or on a file that was removed."""
    import sqlite3

    with suppress(FileExistsError):
        # Never opened where it is there: to close it again would free a lock that this process holds on it.
        path.touch(exist_ok=False)
    before = _identity(path)
    with ExitStack() as undo:
        db = sqlite3.connect(str(path), timeout=0.0, isolation_level=None)
        undo.callback(db.close)
        try:
            # Else a journal would lie beside it, and stay where the process is killed.
            db.execute("PRAGMA journal_mode = MEMORY")
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "is locked" in str(error):
                return None
            raise
        # A lock on a file that was removed meanwhile keeps nobody out.
        if before is None or before != _identity(path):
            return None
        undo.pop_all()
        return Lock(db, before)


def _identity(path: Path) -> Optional[Identity]:
    """With the time of its last change, since file systems give the number of a removed file again at once."""
    with suppress(FileNotFoundError):
        found = path.stat()
        return found.st_dev, found.st_ino, found.st_ctime_ns
    return None


def _remove(path: Path, lock: Lock) -> None:
    if os.name == "nt":
        # Windows removes no file that is open, so also none that somebody else has opened since.
        lock.db.close()
        with suppress(PermissionError):
            _unlink(path, lock)
    else:
        _unlink(path, lock)
        lock.db.close()


def _unlink(path: Path, lock: Lock) -> None:
    """Where the folder was removed and made again, the name is that of the next one's lock."""
    if _identity(path) == lock.identity:
        path.unlink(missing_ok=True)
