"""The files of a data set in a folder, where several processes may be at it, and an older set may lie."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Container, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from ._folder_lock import held
from ._transport import Transport, broken
from .errors import HindcastError, Unreachable

manifest_name = "manifest.json"
unfinished_name = ".hindcast-unfinished"
"""The command line has a folder of this name too, and in it the manifest of a set that is being put in place."""
piece_bytes = 1_048_576
left_over_s = 86_400
sha256_hex = re.compile(r"[0-9a-f]{64}")
"""Also the form of the id of a data set."""
file_name = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""Names of files as manifests have them: nothing that leads out of the folder, and no split is called as a manifest is."""
part_name = re.compile(r"\..+\.[0-9]+-[0-9a-f]{16}\.part")
"""Files that are still coming. Those of a process that was killed lie there until they are a day old."""

State = Tuple[int, int, int]
"""Inode, size and time of a change."""


def download(transport: Transport, id: str, folder: Path, choose: str) -> Mapping[str, Any]:
    """Answers the manifest. Files get their names when all of them have come, and it gets its own last. choose: how another
    folder is named."""
    if not sha256_hex.fullmatch(id):
        raise HindcastError(f"{id!r} is no id of a data set.")
    answer = transport.request("GET", f"/v1/datasets/{id}")
    manifest = _manifest_in(answer.body, id, transport.url)
    _make(folder, choose)
    # Nobody else is at it in between: all that is placed later has another state.
    with held(folder, choose):
        _refuse_foreign(folder, choose)
        before = _states(folder)
    with ExitStack() as come:
        parts: Dict[Path, Path] = {}
        kept: List[Tuple[Path, Mapping[str, Any], Optional[State]]] = []
        for file in manifest["files"]:
            path = folder.joinpath(*str(file["name"]).split("/"))
            state = _state_of(path)
            if _is_whole(path, file):
                kept.append((path, file, state))
            else:
                parts[path] = come.enter_context(_part_of(path, folder))
                _fetch(transport, id, file, parts[path])
        written = come.enter_context(_part_of(folder / manifest_name, folder))
        written.write_bytes(answer.body)
        with held(folder, choose):
            _refuse_other_set(folder, id, before)
            _refuse_lost_files(kept)
            _remove_earlier_sets(folder, {str(file["name"]) for file in manifest["files"]})
            _remove_left_over(folder, {*parts.values(), written})
            # Stays where this is broken off: it names what is put in place, for the set that comes then.
            placing = folder / unfinished_name / manifest_name
            placing.parent.mkdir(exist_ok=True)
            os.replace(written, placing)
            for path, part in parts.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                os.replace(part, path)
            os.replace(placing, folder / manifest_name)
            # The command line may have left what it goes on with.
            with suppress(OSError):
                placing.parent.rmdir()
    return manifest


def _manifest_in(body: bytes, id: str, url: str) -> Mapping[str, Any]:
    """Names and digests become paths: those of a server that is broken, or is another one than it says, could lead anywhere."""
    def refused(what: str) -> HindcastError:
        return HindcastError(f"{what}: is {url} the address of a Hindcast server?")

    manifest = _set_of(body)
    files = (manifest or {}).get("files")
    if manifest is None or not isinstance(files, list) or not all(_is_file_of_set(file) for file in files):
        raise refused("What the server sent is no manifest of a data set")
    if manifest["datasetId"] != id:
        raise refused(f"The server sent the data set {manifest['datasetId']} in place of {id}")
    wrong = [file["name"] for file in files if not file_name.fullmatch(str(file["name"]))]
    if wrong:
        raise refused(f"The server names {wrong[0]!r}, which no file of a data set is called")
    return manifest


def _is_file_of_set(file: Any) -> bool:
    """All else in it may be of another version."""
    return (
        isinstance(file, dict)
        and "name" in file
        and isinstance(file.get("bytes"), int)
        and file["bytes"] >= 0
        and sha256_hex.fullmatch(str(file.get("sha256"))) is not None
    )


def _refuse_foreign(folder: Path, choose: str) -> None:
    """Nothing in a folder is replaced or removed in the name of a manifest that is none of a data set, and no set is put among
    files of others: a folder is of a set where its manifest is, or what another process of hindcast has not finished."""
    names = sorted(path.name for path in folder.iterdir())
    manifest = folder / manifest_name
    if manifest_name in names:
        if _set_in(manifest) is None:
            raise HindcastError(f"{manifest} is not of a data set: move it away, or {choose} another folder.")
        return
    # Hidden ones are of systems, and of downloads that were killed.
    foreign = [name for name in names if not name.startswith(".")]
    if foreign and unfinished_name not in names:
        raise HindcastError(f"{folder} has other files in it, such as {foreign[0]}, and no data set: {choose} another folder.")


def _make(folder: Path, choose: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HindcastError(f"There can be no folder {folder} ({error}): mend that, or {choose} another folder.") from error


def _refuse_other_set(folder: Path, id: str, before: Mapping[Path, Optional[State]]) -> None:
    """Whoever put another set there would read this one."""
    for manifest, state in _states(folder).items():
        if state is not None and before[manifest] != state and (_set_in(manifest) or {}).get("datasetId") != id:
            raise HindcastError(f"Another process has put another data set into {folder} meanwhile: name a folder for each set.")


def _refuse_lost_files(kept: Iterable[Tuple[Path, Mapping[str, Any], Optional[State]]]) -> None:
    """What was found whole may be gone, and no manifest tells of it where somebody was killed who had begun to remove files."""
    for path, file, state in kept:
        if state != _state_of(path) and not _is_whole(path, file):
            raise HindcastError(f"{path} was whole, and was changed or removed meanwhile: download the set again.")


def _states(folder: Path) -> Dict[Path, Optional[State]]:
    return {manifest: _state_of(manifest) for manifest in _manifests(folder)}


def _state_of(path: Path) -> Optional[State]:
    """Tells whether a file is still the same one."""
    with suppress(FileNotFoundError, NotADirectoryError):
        stat = path.stat()
        return stat.st_ino, stat.st_size, stat.st_mtime_ns
    return None


def _manifests(folder: Path) -> List[Path]:
    """Of the set that is there, and of the one whose placing was broken off."""
    return [folder / manifest_name, folder / unfinished_name / manifest_name]


def _is_whole(path: Path, file: Mapping[str, Any]) -> bool:
    # Another process may remove it while it is looked at.
    with suppress(FileNotFoundError, NotADirectoryError):
        return path.is_file() and path.stat().st_size == file["bytes"] and _digest(path) == file["sha256"]
    return False


def _fetch(transport: Transport, id: str, file: Mapping[str, Any], part: Path) -> None:
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
            else:
                now = part.stat().st_size
                # Ended well: to ask again would bring the same.
                if now < file["bytes"] and now <= come:
                    raise HindcastError(
                        f"The server sends {now} bytes of {file['name']}, which should have {file['bytes']}: is it the Hindcast that "
                        "made the set, and is its disk whole?"
                    )


def _append(transport: Transport, url: str, digest: str, part: Path, come: int) -> None:
    headers: Dict[str, str] = {} if come == 0 else {"range": f"bytes={come}-", "if-range": f'"{digest}"'}
    _, status, pieces = transport.pieces(url, headers=headers)
    with part.open("ab" if status == 206 else "wb") as out:
        for piece in pieces:
            out.write(piece)


@contextmanager
def _part_of(path: Path, folder: Path) -> Iterator[Path]:
    """A file that may take the name later. Other processes have their own, and it lies in the folder of the set, not of the
    split: readers of a split take all files that are there."""
    part = folder / f".{path.name}.{os.getpid()}-{secrets.token_hex(8)}.part"
    try:
        part.touch()
        yield part
    finally:
        part.unlink(missing_ok=True)


def _remove_earlier_sets(folder: Path, kept: Container[str]) -> None:
    """Whoever reads the folder would mix two cuts. It comes before the new manifest, so that what is broken off is done again."""
    for name in [name for manifest in _manifests(folder) for name in _names_in(manifest)]:
        if name not in kept:
            path = folder.joinpath(*name.split("/"))
            path.unlink(missing_ok=True)
            # What somebody else has put beside it stays, and so does the folder then.
            with suppress(OSError):
                path.parent.rmdir()


def _set_in(manifest: Path) -> Optional[Mapping[str, Any]]:
    try:
        return _set_of(manifest.read_bytes())
    except OSError:
        return None


def _set_of(manifest: bytes) -> Optional[Mapping[str, Any]]:
    try:
        found = json.loads(manifest)
    except ValueError:
        return None
    is_of_set = isinstance(found, dict) and sha256_hex.fullmatch(str(found.get("datasetId")))
    return found if is_of_set else None


def _names_in(manifest: Path) -> List[str]:
    files = (_set_in(manifest) or {}).get("files")
    names = [file.get("name") for file in files if isinstance(file, dict)] if isinstance(files, list) else []
    return [name for name in names if isinstance(name, str) and file_name.fullmatch(name)]


def _remove_left_over(folder: Path, own: Container[Path]) -> None:
    oldest = time.time() - left_over_s
    for path in folder.glob(".*.part"):
        # Another process may remove it too, and one of another user may not be ours to remove.
        with suppress(OSError):
            if path not in own and part_name.fullmatch(path.name) and path.stat().st_mtime < oldest:
                path.unlink()


def _digest(path: Path) -> str:
    found = sha256()
    with path.open("rb") as content:
        for piece in iter(lambda: content.read(piece_bytes), b""):
            found.update(piece)
    return found.hexdigest()
