"""One process at a time puts a data set into a folder."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Optional, Tuple

from .errors import HindcastError

if TYPE_CHECKING:
    from sqlite3 import Connection

lock_name = ".hindcast.lock"
"""The command line locks the same file in the same way."""
wait_s = 60.0


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Waits for whoever holds the folder. The operating system frees it when a process dies."""
    path = folder / lock_name
    until = time.monotonic() + wait_s
    db = _locked(path, until)
    while db is None:
        db = _locked(path, until)
    try:
        yield
    finally:
        _remove(path, db)


def _locked(path: Path, until: float) -> Optional[Connection]:
    """An open exclusive transaction: a lock on every system that no killed process can leave behind. None on a file that was removed."""
    # A Python can be built without it, and all but downloads work there.
    import sqlite3

    with suppress(FileExistsError):
        # Never opened where it is there: to close it again would free a lock that this process holds on it.
        path.touch(exist_ok=False)
    before = _identity(path)
    db = sqlite3.connect(str(path), timeout=max(0.0, until - time.monotonic()), isolation_level=None)
    try:
        # Else a journal would lie beside it, and stay where the process is killed.
        db.execute("PRAGMA journal_mode = MEMORY")
        db.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        db.close()
        if "is locked" in str(error):
            raise HindcastError(
                f"Another process is putting a data set into {path.parent}: wait for it, or name another folder."
            ) from error
        raise HindcastError(
            f"{path} cannot be locked ({error}): move it away if it is not of hindcast, or name another folder."
        ) from error
    # A lock on a file that was removed meanwhile keeps nobody out.
    if before is not None and before == _identity(path):
        return db
    db.close()
    return None


def _identity(path: Path) -> Optional[Tuple[int, int]]:
    with suppress(FileNotFoundError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def _remove(path: Path, db: Connection) -> None:
    if os.name == "nt":
        # Windows removes no file that is open, so also none that somebody else has opened since.
        db.close()
        with suppress(PermissionError):
            path.unlink(missing_ok=True)
    else:
        path.unlink(missing_ok=True)
        db.close()
