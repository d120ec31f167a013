"""Signed notes, and proofs that a log only grew: the published examples, the definition, and what was changed in any way."""

from __future__ import annotations

import os
import time
import unittest
from base64 import b64decode, b64encode
from hashlib import sha256, sha512
from typing import Any, Dict, List, Sequence

import hindcast
from fake_server import Asked, FakeServer, Reply, problem
from hindcast import Client, HindcastError, LogNotConsistent
from hindcast._ed25519 import base, encoded, is_signature, order, times
from hindcast._signed_note import is_consistent, node_hash, open_note, parse_key, split_notes

ROW = {
    **{"tenure_months": 7, "monthly_charges": 33.16, "support_calls": 3, "late_payments": 0},
    **{"usage_hours": None, "plan": "basic", "region": "north"},
}
# The example of docs/audit.md.
KEY = "hindcast/0198c0de-0000-7000-8000-000000000001+55b07df0+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
NOTE = (
    "hindcast/0198c0de-0000-7000-8000-000000000001/0/hindcast.models.v1/0\n5\n"
    "jv0UXNbYiS/SDLUiYHP6/q4JV//8KYtfz49UpqDhXmw=\n\n"
    "\u2014 hindcast/0198c0de-0000-7000-8000-000000000001 "
    "VbB98JJWqC0GH+tjVzY3O3tTc528aqftLnEt2sKYZt9FMcw68NzBP5FvAM8xp8R6ZQ7R1wfYVum+pAgizfeIAixLzgg=\n"
)
# The example of golang.org/x/mod/sumdb/note: base64 of a type byte and the key, of a key id and the signature.
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_TEXT = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PUBLISHED_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLISHED_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def root_of(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_of(leaves[:middle]), root_of(leaves[middle:]))


def path_of(old_size: int, leaves: Sequence[bytes], is_known: bool = True) -> List[bytes]:
    """RFC 9162, section 2.1.4.1, word for word."""
    if old_size == len(leaves):
        return [] if is_known else [root_of(leaves)]
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    if old_size <= middle:
        return [*path_of(old_size, leaves[:middle], is_known), root_of(leaves[middle:])]
    return [*path_of(old_size - middle, leaves[middle:], False), root_of(leaves[:middle])]


def signature_of(seed: bytes, message: bytes) -> bytes:
    """RFC 8032, section 5.1.6."""
    assert base is not None
    digest = sha512(seed).digest()
    secret = (int.from_bytes(digest[:32], "little") & (1 << 254) - 8) | 1 << 254
    nonce = int.from_bytes(sha512(digest[32:] + message).digest(), "little") % order
    commitment, public_key = encoded(times(nonce, base)), encoded(times(secret, base))
    challenge = int.from_bytes(sha512(commitment + public_key + message).digest(), "little")
    return commitment + ((nonce + challenge * secret) % order).to_bytes(32, "little")


def signed_note(size: int, root: bytes) -> str:
    """As if the published key signed for a partition."""
    text = f"hindcast/log/0/hindcast.predictions.v1/2\n{size}\n{b64encode(root).decode()}\n"
    signature = signature_of(b64decode(PUBLISHED_SEED)[1:], text.encode())
    signed = b64encode(bytes.fromhex("c74f20a3") + signature).decode()
    return f"{text}\n\u2014 PeterNeumann {signed}\n"


LEAVES = [sha256(bytes([0, at])).digest() for at in range(40)]


class Signatures(unittest.TestCase):
    def test_are_those_that_others_make(self) -> None:
        key, signature = parse_key(PUBLISHED_KEY), b64decode(PUBLISHED_SIGNATURE)[4:]
        self.assertTrue(is_signature(key.public_key, PUBLISHED_TEXT, signature))
        self.assertEqual(signature_of(b64decode(PUBLISHED_SEED)[1:], PUBLISHED_TEXT), signature)
        self.assertFalse(is_signature(key.public_key, PUBLISHED_TEXT + b"\n", signature))
        for at in range(0, 64, 5):
            changed = bytes(byte ^ (place == at) for place, byte in enumerate(signature))
            self.assertFalse(is_signature(key.public_key, PUBLISHED_TEXT, changed), at)
        larger = int.from_bytes(signature[32:], "little") + order
        self.assertFalse(is_signature(key.public_key, PUBLISHED_TEXT, signature[:32] + larger.to_bytes(32, "little")))
        self.assertFalse(is_signature(b"\xff" * 32, PUBLISHED_TEXT, signature))
        self.assertFalse(is_signature(key.public_key, PUBLISHED_TEXT, signature[:63]))

    def test_a_note_counts_only_as_it_was_signed_by_a_known_key(self) -> None:
        checkpoint = open_note(NOTE, [parse_key(KEY)])
        self.assertNotIsInstance(checkpoint, str)
        self.assertEqual((checkpoint.topic, checkpoint.partition, checkpoint.size), ("hindcast.models.v1", 0, 5))  # type: ignore[union-attr]
        self.assertEqual(open_note(NOTE.replace("\n5\n", "\n6\n"), [parse_key(KEY)]), "has a forged signature")
        self.assertEqual(open_note(NOTE, [parse_key(PUBLISHED_KEY)]), "is not signed by a key that was given")
        for text in ("", "text\n", "\n\n", NOTE.replace("/0\n", "\n"), NOTE.replace("jv0U", ""), NOTE.replace("\n5\n", "\n\n")):
            self.assertEqual(open_note(text, [parse_key(KEY)]), "is no signed checkpoint")
        other = NOTE.split("\n\n")[1].replace("VbB98", "AAAAA")
        self.assertNotIsInstance(open_note(NOTE + other, [parse_key(KEY)]), str)
        self.assertEqual(split_notes(f"{NOTE}\n\n\n{NOTE}".replace("\n", "\r\n")), [NOTE, NOTE])
        for text in ("", "nonsense", KEY.replace("55b0", "55b1"), KEY.replace("+A", "+B")):
            with self.assertRaisesRegex(HindcastError, "is no key"):
                parse_key(text)


class Proofs(unittest.TestCase):
    def test_hold_for_every_two_sizes_and_not_where_anything_was_changed(self) -> None:
        roots = [b"", *(root_of(LEAVES[:size]) for size in range(1, len(LEAVES) + 1))]
        for size in range(1, len(LEAVES) + 1):
            for old_size in range(1, size + 1):
                path = path_of(old_size, LEAVES[:size])
                self.assertTrue(is_consistent(old_size, roots[old_size], size, roots[size], path), (old_size, size))
                wrong = LEAVES[0] if roots[old_size] != LEAVES[0] else LEAVES[1]
                changed: List[Sequence[bytes]] = [[*path, wrong]]
                changed += [path[:at] + path[at + 1 :] for at in range(len(path))]
                changed += [[*path[:at], wrong, *path[at + 1 :]] for at in range(len(path)) if path[at] != wrong]
                for other in changed:
                    self.assertFalse(is_consistent(old_size, roots[old_size], size, roots[size], other), (old_size, size))
                self.assertFalse(is_consistent(old_size, wrong, size, roots[size], path))
                self.assertFalse(is_consistent(old_size, roots[old_size], size, wrong if roots[size] != wrong else roots[2], path))
        self.assertFalse(is_consistent(0, roots[1], 1, roots[1], []))
        self.assertFalse(is_consistent(3, roots[3], 2, roots[2], []))

    def test_of_a_checkpoint_that_is_still_the_newest(self) -> None:
        proof: Dict[str, Any] = {"oldSize": 5, "size": 5, "path": [], "checkpoint": NOTE, "key": KEY}

        def answer(asked: Asked, _: int) -> Reply:
            self.assertEqual(asked.query, {"topic": "models", "partition": "0", "from": "5"})
            return Reply(200, proof)

        with FakeServer(answer) as server, Client(server.url) as client:
            self.assertEqual(client.audit.check_consistency(f"{NOTE}\n{NOTE}", KEY), 2)
            self.assertEqual(len(server.asked), 1)
        self.assertEqual(hindcast.check_consistency(proof, NOTE, [KEY]), 1)
        forged = NOTE.replace("jv0U", "jv1U")
        for changed in ({"path": [b64encode(LEAVES[0]).decode()]}, {"oldSize": 4}, {"checkpoint": forged}):
            with self.assertRaises(LogNotConsistent):
                hindcast.check_consistency([{**proof, **changed}], NOTE, KEY)
        with self.assertRaisesRegex(LogNotConsistent, "number 2 of those kept has a forged"):
            hindcast.check_consistency([proof], f"{NOTE}\n{forged}", KEY)
        with self.assertRaisesRegex(LogNotConsistent, "no proof says"):
            hindcast.check_consistency([], NOTE, KEY)
        with self.assertRaisesRegex(HindcastError, "no checkpoints"):
            hindcast.check_consistency([proof], "\n", KEY)

    def test_go_step_by_step_and_each_step_begins_where_the_one_before_has_ended(self) -> None:
        other = [*LEAVES[:20], LEAVES[0], *LEAVES[21:]]

        def proof_of(old_size: int, leaves: Sequence[bytes]) -> Dict[str, Any]:
            path = [b64encode(node).decode() for node in path_of(old_size, leaves)]
            return {"oldSize": old_size, "path": path, "checkpoint": signed_note(len(leaves), root_of(leaves))}

        kept = "\n".join(signed_note(size, root_of(LEAVES[:size])) for size in (30, 5, 19))
        by_size = {5: proof_of(5, LEAVES[:19]), 19: proof_of(19, LEAVES[:30]), 30: proof_of(30, LEAVES)}

        def answer(asked: Asked, _: int) -> Reply:
            self.assertEqual(asked.query.get("to"), {"5": "19", "19": "30", "30": None}[asked.query["from"]])
            return Reply(200, by_size[int(asked.query["from"])])

        with FakeServer(answer) as server, Client(server.url) as client:
            self.assertEqual(client.audit.check_consistency(kept, PUBLISHED_KEY), 3)
            # A step to a tree that forks behind it, signed by the same key: each proof holds by itself.
            for leaves in (other[:30], other[:31]):
                by_size[19] = proof_of(19, leaves)
                with self.assertRaisesRegex(LogNotConsistent, f"to {len(leaves)} and to 40|to 40 and to {len(leaves)}"):
                    client.audit.check_consistency(kept, PUBLISHED_KEY)
        # Who has kept fewer may go the same way.
        with self.assertRaises(LogNotConsistent):
            hindcast.check_consistency(list(by_size.values()), kept, PUBLISHED_KEY)
        by_size[19] = proof_of(19, LEAVES[:30])
        fewer = "\n".join(split_notes(kept)[:2])
        self.assertEqual(hindcast.check_consistency(list(by_size.values()), fewer, PUBLISHED_KEY), 2)

    def test_a_server_that_has_none_is_a_finding(self) -> None:
        with FakeServer(lambda *_: Reply(500, problem("log-changed", 500))) as server, Client(server.url) as client:
            with self.assertRaisesRegex(LogNotConsistent, "hindcast.models.v1, partition 0: It is log-changed."):
                client.audit.check_consistency(NOTE, KEY)


@unittest.skipUnless("HINDCAST_URL" in os.environ, "HINDCAST_URL names no running Hindcast")
class Live(unittest.TestCase):
    def test_what_is_signed_later_begins_with_what_was_kept(self) -> None:
        with Client() as client:
            kept, key = "", ""
            for turn in range(3):
                before = client.audit.checkpoints() if turn else ""
                client.predict("churn", ROW)
                end = time.monotonic() + 60
                while (now := client.audit.checkpoints()) == before or not now:
                    self.assertLess(time.monotonic(), end, "nothing was signed")
                    time.sleep(0.2)
                kept, key = f"{kept}\n{now}", client.audit.key()
            proofs = client.audit.proofs(kept, key)
            self.assertTrue(any(proof["path"] for proof in proofs))
            self.assertEqual(client.audit.check_consistency(kept, key), len(split_notes(kept)))
            self.assertEqual(hindcast.check_consistency(proofs, kept, key), len(split_notes(kept)))
            longest = max(proofs, key=lambda proof: len(proof["path"]))
            changed = [{**proof, "path": proof["path"][1:]} if proof is longest else proof for proof in proofs]
            with self.assertRaisesRegex(LogNotConsistent, "no proof says"):
                hindcast.check_consistency(changed, kept, key)
