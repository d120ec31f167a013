"""The files of a data set in a folder, where several processes may be at it, and an older set may lie."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Container, Dict, Iterator, List, Mapping

from ._transport import Transport, broken
from .errors import HindcastError, Unreachable

piece_bytes = 1_048_576
left_over_s = 86_400
file_name = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""Names of files as manifests have them: nothing that leads out of the folder."""
part_name = re.compile(r"\..+\.[0-9]+-[0-9a-f]{16}\.part")
"""Files that are still coming. Those of a process that was killed lie there until they are a day old."""


def download(transport: Transport, id: str, folder: Path) -> Mapping[str, Any]:
    """Answers the manifest, which is written last."""
    answer = transport.request("GET", f"/v1/datasets/{id}")
    manifest: Mapping[str, Any] = answer.json()
    _remove_left_over(folder)
    for file in manifest["files"]:
        _fetch(transport, id, file, folder.joinpath(*str(file["name"]).split("/")), folder)
    _remove_earlier_set(folder, {str(file["name"]) for file in manifest["files"]})
    with _part_of(folder / "manifest.json", folder) as part:
        part.write_bytes(answer.body)
    return manifest


def _fetch(transport: Transport, id: str, file: Mapping[str, Any], path: Path, folder: Path) -> None:
    if path.is_file() and path.stat().st_size == file["bytes"] and _digest(path) == file["sha256"]:
        return
    with _part_of(path, folder) as part:
        _fill(transport, f"/v1/datasets/{id}/files/{file['name']}", file, part)
        digest = _digest(part)
        if digest != file["sha256"]:
            raise HindcastError(
                f"{file['name']} came as {digest} and should be {file['sha256']}: it was thrown away, try again."
            )


def _fill(transport: Transport, url: str, file: Mapping[str, Any], part: Path) -> None:
    come = -1
    while come < file["bytes"]:
        for again in transport.retrying.pauses():
            come = part.stat().st_size
            if come >= file["bytes"]:
                break
            try:
                _append(transport, url, str(file["sha256"]), part, come)
            except broken as error:
                # Where something came, patience begins anew.
                if part.stat().st_size > come:
                    break
                if not again(None):
                    raise Unreachable(f"{file['name']} broke off each time.") from error


def _append(transport: Transport, url: str, digest: str, part: Path, come: int) -> None:
    headers: Dict[str, str] = {} if come == 0 else {"range": f"bytes={come}-", "if-range": f'"{digest}"'}
    _, status, pieces = transport.pieces(url, headers=headers)
    with part.open("ab" if status == 206 else "wb") as out:
        for piece in pieces:
            out.write(piece)


@contextmanager
def _part_of(path: Path, folder: Path) -> Iterator[Path]:
    """A file that gets its name when it is whole. Other processes have their own, and it lies in the folder of the set, not of the
    split: readers of a split take all files that are there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = folder / f".{path.name}.{os.getpid()}-{secrets.token_hex(8)}.part"
    try:
        part.touch()
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _remove_earlier_set(folder: Path, kept: Container[str]) -> None:
    """Whoever reads the folder would mix two cuts. It comes before the new manifest, so that what is broken off is done again."""
    for name in _names_in(folder / "manifest.json"):
        if name not in kept:
            path = folder.joinpath(*name.split("/"))
            path.unlink(missing_ok=True)
            # What somebody else has put beside it stays, and so does the folder then.
            with suppress(OSError):
                path.parent.rmdir()


def _names_in(manifest: Path) -> List[str]:
    try:
        found = json.loads(manifest.read_bytes())
    except (OSError, ValueError):
        return []
    files = found.get("files") if isinstance(found, dict) else None
    names = [file.get("name") for file in files if isinstance(file, dict)] if isinstance(files, list) else []
    return [name for name in names if isinstance(name, str) and file_name.fullmatch(name)]


def _remove_left_over(folder: Path) -> None:
    oldest = time.time() - left_over_s
    for path in folder.glob(".*.part"):
        # Another process may remove it too, and one of another user may not be ours to remove.
        with suppress(OSError):
            if part_name.fullmatch(path.name) and path.stat().st_mtime < oldest:
                path.unlink()


def _digest(path: Path) -> str:
    found = sha256()
    with path.open("rb") as content:
        for piece in iter(lambda: content.read(piece_bytes), b""):
            found.update(piece)
    return found.hexdigest()
