"""Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint), and consistency of the trees that they are of."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from typing import List, Optional, Sequence, Union

from ._ed25519 import is_signature
from .errors import HindcastError

key_pattern = re.compile(r"([^+\s]+)\+([0-9a-f]{8})\+(\S+)")
origin_pattern = re.compile(r"hindcast/([^/\s+]+)/([0-9]+)/([^/\s]+)/([0-9]+)")
between_notes = re.compile("\n\n+(?!\u2014 )")


@dataclass(frozen=True)
class NoteKey:
    """Who may sign. `id` is what a signature names it by."""

    name: str
    id: bytes
    public_key: bytes


@dataclass(frozen=True)
class Checkpoint:
    """What was signed: that these were the first `size` records of the partition."""

    log_id: str
    epoch: int
    topic: str
    partition: int
    size: int
    root: bytes

    def is_of_tree(self, other: Checkpoint) -> bool:
        """Whether both are of the same partition of the same log."""
        ours, theirs = (self.log_id, self.epoch, self.topic), (other.log_id, other.epoch, other.topic)
        return ours == theirs and self.partition == other.partition


def parse_key(text: str) -> NoteKey:
    match = key_pattern.fullmatch(text.strip())
    data = bytes_of(match.group(3)) if match else None
    if match is None or data is None or len(data) != 33 or data[0] != 1:
        raise HindcastError(f"{text!r} is no key: `hindcast audit key` prints one, name+id+base64.")
    id = sha256(match.group(1).encode() + b"\n" + data).digest()[:4]
    if id.hex() != match.group(2):
        raise HindcastError(f"{text!r} is no key: its id is not that of the key.")
    return NoteKey(match.group(1), id, data[1:])


def split_notes(text: str) -> List[str]:
    """The notes of a file of checkpoints."""
    notes = (note.strip() for note in between_notes.split(text.replace("\r\n", "\n")))
    return [f"{note}\n" for note in notes if note]


def open_note(note: str, keys: Sequence[NoteKey]) -> Union[Checkpoint, str]:
    """The checkpoint of a note, or what is wrong with it. Signatures by others are passed over."""
    body, blank, signatures = note.rpartition("\n\n")
    lines = body.split("\n")
    origin = origin_pattern.fullmatch(lines[0])
    root = bytes_of(lines[2]) if len(lines) > 2 else None
    if not blank or origin is None or not re.fullmatch("[0-9]{1,16}", lines[1]) or root is None or len(root) != 32:
        return "is no signed checkpoint"
    for line in signatures.rstrip("\n").split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, base64 = rest.partition(" ")
        data = bytes_of(base64) or b""
        key = next((one for one in keys if dash == "\u2014" and (one.name, one.id) == (name, data[:4])), None)
        if key is None:
            continue
        if not is_signature(key.public_key, f"{body}\n".encode(), data[4:]):
            return "has a forged signature"
        log_id, epoch, topic, partition = origin.groups()
        return Checkpoint(log_id, int(epoch), topic, int(partition), int(lines[1]), root)
    return "is not signed by a key that was given"


def bytes_of(base64: str) -> Optional[bytes]:
    try:
        return b64decode(base64, validate=True)
    except (NotBase64, ValueError):
        return None


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path proves that the older tree is the beginning of the newer one (RFC 9162, 2.1.4.2)."""
    if not 1 <= old_size <= size:
        return False
    if old_size == size:
        return not path and old_root == root
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    nodes = [old_root, *path] if at == 0 else list(path)
    if not nodes:
        return False
    older = newer = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while not at & 1 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            newer = node_hash(newer, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and (older, newer) == (old_root, root)
