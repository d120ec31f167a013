"""What tests of downloads share: a folder of their own, and a server that has a set."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, Callable, Dict, Sequence

from fake_server import Asked, FakeServer, Reply

CONTENT = bytes(range(256)) * 2_000
ID = "ab" * 32
OTHER_ID = "cd" * 32
fetch = "import sys, hindcast; hindcast.Client(sys.argv[1]).datasets.download(*sys.argv[2:])"
"""A program: address, id, folder."""


def manifest_of(names: Sequence[Any], id: str = ID) -> Dict[str, Any]:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return {"datasetId": id, "format": "ndjson", "files": [{"name": name, "bytes": len(CONTENT), "sha256": digest} for name in names]}


class DownloadTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def files(self, under: str = ".") -> set:
        return {path.relative_to(self.folder).as_posix() for path in (self.folder / under).rglob("*") if path.is_file()}

    def put_of_broken_off(self, name: str) -> Path:
        """A file of a set that a process had not put in place as a whole when it was killed."""
        (self.folder / ".hindcast-unfinished").mkdir(exist_ok=True)
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(CONTENT)
        return path

    def answer(self, cuts: int, content: bytes = CONTENT, before: Callable[[], object] = lambda: None):
        def answer(asked: Asked, turn: int) -> Reply:
            if "/files/" not in asked.path:
                return Reply(200, manifest_of(["train/part-0.ndjson"]))
            before()
            first = int(asked.headers.get("range", "bytes=0-")[6:-1])
            return Reply(206 if first else 200, content[first:], cut=100_000 if first < cuts * 100_000 else None)

        server = FakeServer(answer)
        self.addCleanup(server.__exit__)
        return server

    def start(self, program: str, *args: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process
