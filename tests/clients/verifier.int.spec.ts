import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ByteText,
  checkpointText,
  createTreeHash,
  createTreeProofs,
  emptyFrontier,
  formatNoteKey,
  growTree,
  joinNotes,
  keyNameOf,
  noteKeyOf,
  signNote,
  toBase64,
} from '@hindcast/domain';
import { aSigningKey, auditCrypto } from '@hindcast/domain/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const verifier = fileURLToPath(new URL('../../clients/verifier/verify.mjs', import.meta.url));
const hash = createTreeHash(auditCrypto);
const signing = aSigningKey();
const key = noteKeyOf(auditCrypto, keyNameOf('log'), signing.publicKey);
const leaves = Array.from({ length: 40 }, (_, at) => hash.leaf(Uint8Array.of(at)));
/** What somebody with the key made of the same log. */
const forked = leaves.with(20, hash.leaf(Uint8Array.of(99)));

const noteOf = (of: readonly ByteText[]): string => {
  const tree = growTree(hash);
  for (const leaf of of) tree.push(leaf);
  const checkpoint = { logId: 'log', epoch: 0, topic: 'hindcast.models.v1', partition: 0, size: tree.size };
  return signNote(auditCrypto, key, signing.sign, checkpointText({ ...checkpoint, root: tree.root() }));
};
const proofOf = (oldSize: number, of: readonly ByteText[]) => {
  const proofs = createTreeProofs(hash, { before: emptyFrontier, leaves: of });
  return { oldSize, checkpoint: noteOf(of), path: proofs.consistency(oldSize).map(toBase64) };
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hindcast-verifier-'));
});
afterAll(() => rm(folder, { recursive: true }));

const judged = async (proofs: readonly object[], sizes: readonly number[]) => {
  const [file, kept] = [join(folder, 'proofs.json'), join(folder, 'kept.txt')];
  await writeFile(file, JSON.stringify(proofs));
  await writeFile(kept, joinNotes(sizes.map((size) => noteOf(leaves.slice(0, size)))));
  const given = [verifier, 'consistency', file, '--key', formatNoteKey(key), '--checkpoints', kept];
  return new Promise((resolve) => {
    execFile(process.execPath, given, (error, said) => resolve({ code: error ? error.code : 0, said }));
  });
};

it('follows proofs step by step, and takes no two that lead to different logs', async () => {
  const steps = [proofOf(5, leaves.slice(0, 19)), proofOf(19, leaves.slice(0, 30)), proofOf(30, leaves)];
  for (const sizes of [[30, 5, 19], [5, 30], [19]]) expect(await judged(steps, sizes)).toMatchObject({ code: 0 });
  expect(await judged(steps.toSpliced(2, 1), [19, 30])).toMatchObject({ code: 1 });
  // Each proof holds by itself: it is the way from the first checkpoint to the newest that is broken.
  for (const size of [30, 31]) {
    expect(await judged(steps.with(1, proofOf(19, forked.slice(0, size))), [5, 19, 30])).toMatchObject({
      code: 1,
      said: expect.stringMatching(`to ${size} and to 40 records|to 40 and to ${size} records`),
    });
  }
});
