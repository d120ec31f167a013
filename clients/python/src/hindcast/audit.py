"""The audit of the log: checkpoints to keep, and the proof that what is signed now begins with what was kept."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ._signed_note import Checkpoint, NoteKey, bytes_of, is_consistent, open_note, parse_key, split_notes
from ._transport import Transport
from .errors import ApiError, HindcastError, LogNotConsistent

Keys = Union[str, Sequence[str]]


class Audit:
    """`client.audit`: what the notary has signed. Keep it where nobody who can change the log can change it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def key(self) -> str:
        """The public key, as the log names it: keep it from the first day on."""
        return self._transport.request("GET", "/v1/audit/key").body.decode().strip()

    def checkpoints(self) -> str:
        """The newest checkpoint of every partition, as the text of a file to keep. Such texts may be joined by an empty line."""
        return "\n".join(one["note"] for one in self._transport.request("GET", "/v1/audit/checkpoints").json()["data"])

    def proofs(self, kept: str, key: Keys) -> List[Mapping[str, Any]]:
        """From each checkpoint that was kept to the next of its partition, and from the last one to the newest."""
        proofs: List[Mapping[str, Any]] = []
        for older, newer in steps_of(list(kept_checkpoints(kept, parse_keys(key)))):
            query = {"topic": older.topic.split(".")[1], "partition": older.partition, "from": older.size, "to": newer}
            try:
                proofs.append(self._transport.request("GET", "/v1/audit/consistency", query=query).json())
            except ApiError as error:
                if error.code not in ("no-checkpoint", "log-changed"):
                    raise
                raise LogNotConsistent((f"{place_of(older)}: {error.detail}",)) from error
        return proofs

    def check_consistency(self, kept: str, key: Keys) -> int:
        """Proves, without reading the log, that what is signed now only adds to the checkpoints that were kept.

        kept: the text of a file of checkpoints, of `checkpoints()` or of `hindcast audit checkpoint`.
        key: as it was kept, not as the server names it now; several where it was changed.

        Answers how many checkpoints hold. Raises `LogNotConsistent` where one does not.
        """
        return check_consistency(self.proofs(kept, key), kept, key)


def check_consistency(proofs: Union[Mapping[str, Any], Sequence[Mapping[str, Any]]], kept: str, key: Keys) -> int:
    """The same without a server, of proofs that `client.audit.proofs` or `hindcast audit consistency --out` got."""
    keys = parse_keys(key)
    findings: List[str] = []
    checkpoints = list(kept_checkpoints(kept, keys))
    proven: List[Step] = []
    for proof in [proofs] if isinstance(proofs, Mapping) else proofs:
        newer = open_note(str(proof["checkpoint"]), keys)
        if isinstance(newer, str):
            findings.append(f"The newer checkpoint of a proof {newer}.")
            continue
        proven.append(Step(int(proof["oldSize"]), newer, [bytes_of(str(node)) or b"" for node in proof["path"]]))
    ends: Dict[str, Checkpoint] = {}
    for older in checkpoints:
        end, place = end_of(older, proven), place_of(older)
        if end is None:
            findings.append(f"{place}: no proof says that its first {older.size} records are still as they were signed.")
        elif ends.setdefault(place, end) != end:
            findings.append(f"{place}: proofs lead to {ends[place].size} and to {end.size} records, which nothing connects.")
    if findings:
        raise LogNotConsistent(findings)
    return len(checkpoints)


class Step(NamedTuple):
    """A proof whose newer checkpoint is signed."""

    old_size: int
    newer: Checkpoint
    path: Sequence[bytes]


def end_of(older: Checkpoint, proven: Sequence[Step]) -> Optional[Checkpoint]:
    """The newest checkpoint that proofs lead to, step by step; None where none goes on from this one.

    Each proof holds by itself also where the log was forked: only the same end says that there was one history.
    """
    end = None
    while True:
        steps = [
            newer
            for old_size, newer, path in proven
            if old_size == older.size
            and newer.is_of_tree(older)
            and is_consistent(old_size, older.root, newer.size, newer.root, path)
        ]
        if not steps:
            return end
        end = max(steps, key=lambda one: one.size)
        if end.size == older.size:
            return end
        older = end


def parse_keys(key: Keys) -> List[NoteKey]:
    return [parse_key(text) for text in ([key] if isinstance(key, str) else key)]


def kept_checkpoints(kept: str, keys: Sequence[NoteKey]) -> List[Checkpoint]:
    opened = [open_note(note, keys) for note in split_notes(kept)]
    if not opened:
        raise HindcastError("There are no checkpoints that were kept.")
    wrong = [f"The checkpoint number {at} of those kept {one}." for at, one in enumerate(opened, 1) if isinstance(one, str)]
    if wrong:
        raise LogNotConsistent(wrong)
    return [one for one in opened if isinstance(one, Checkpoint)]


def steps_of(checkpoints: Sequence[Checkpoint]) -> List[Tuple[Checkpoint, Optional[int]]]:
    """Each with the size of the next larger one of its partition, None where it is the largest: the newest is asked for."""
    return [
        (one, min((other.size for other in checkpoints if other.is_of_tree(one) and other.size > one.size), default=None))
        for one in dict.fromkeys(checkpoints)
    ]


def place_of(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.topic}, partition {checkpoint.partition}"
