import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ByteText,
  checkpointText,
  createLeafEncoder,
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

const modelsTopic = 'hindcast.models.v1';
const noteOf = (of: readonly ByteText[], epoch = 0, topic = modelsTopic): string => {
  const tree = growTree(hash);
  for (const leaf of of) tree.push(leaf);
  const checkpoint = { logId: 'log', epoch, topic, partition: 0, size: tree.size };
  return signNote(auditCrypto, key, signing.sign, checkpointText({ ...checkpoint, root: tree.root() }));
};
const proofOf = (oldSize: number, of: readonly ByteText[]) => {
  const proofs = createTreeProofs(hash, { before: emptyFrontier, leaves: of });
  return { oldSize, checkpoint: noteOf(of), path: proofs.consistency(oldSize).map(toBase64) };
};

const recordsOf = (of: string, count: number) =>
  Array.from({ length: count }, (_, offset) => ({
    ...{ topic: of, partition: 0, offset, appendedAt: 1_000 + offset },
    ...{ key: 'key', headers: {}, value: `{"at":${offset}}` },
  }));
const signed = recordsOf(modelsTopic, 3).map((record) => hash.record(record));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hindcast-verifier-'));
});
afterAll(() => rm(folder, { recursive: true }));

const judged = (proofs: readonly object[], sizes: readonly number[]) => {
  const notes = sizes.map((size) => noteOf(leaves.slice(0, size)));
  return saidOf('consistency', JSON.stringify(proofs), notes);
};
const judgedExport = (records: readonly object[], notes: readonly string[], epoch = 0) => {
  const head = { hindcastExport: 1, logId: 'log', epoch, topics: [] };
  return saidOf('log', [head, ...records].map((line) => JSON.stringify(line)).join('\n'), notes);
};
const saidOf = async (what: string, content: string, notes: readonly string[]) => {
  const [file, kept] = [join(folder, 'given'), join(folder, 'kept.txt')];
  await writeFile(file, content);
  await writeFile(kept, joinNotes(notes));
  const given = [verifier, what, file, '--key', formatNoteKey(key), '--checkpoints', kept];
  return new Promise<{ code: unknown; said: string }>((resolve) => {
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

it('finds an end that is gone by checkpoints that were kept, and takes none of another epoch for a proof', async () => {
  const judge = (epoch: number, count: number, notes: readonly string[]) =>
    judgedExport(recordsOf(modelsTopic, count), notes, epoch);
  const said = (text: string) => expect.stringContaining(text);
  const kept = noteOf(signed);
  const fits = '3 records in 1 partitions are as 1 checkpoints say.';
  expect(await judge(0, 3, [kept])).toMatchObject({ code: 0, said: `${fits}\n` });
  const shorter = said('the export ends at offset 2, and 3 records were signed');
  expect(await judge(0, 2, [kept])).toMatchObject({ code: 1, said: shorter });
  expect(await judge(0, 0, [kept])).toMatchObject({ code: 1, said: said('nothing of it is in the export') });
  // Which epoch an export is of, nobody has signed.
  for (const [epoch, notes] of [[1, [kept]] as const, [0, []] as const])
    expect(await judge(epoch, 2, notes)).toMatchObject({ code: 1, said: said('nothing is proven') });
  const both = `${fits} 1 checkpoints are of an earlier epoch.\n`;
  expect(await judge(1, 3, [kept, noteOf(signed, 1)])).toMatchObject({ code: 0, said: both });
});

it('counts the records that no checkpoint speaks of, and names partitions that have none at all', async () => {
  const judge = (records: readonly object[], ...sizes: readonly number[]) => {
    const notes = sizes.map((size) => noteOf(signed.slice(0, size)));
    return judgedExport(records, notes);
  };
  const records = recordsOf(modelsTopic, 3);
  const behind = '2 records in 1 partitions are as 2 checkpoints say. 1 are not signed for yet.\n';
  expect(await judge(records, 1, 2)).toEqual({ code: 0, said: behind });
  const others = ['hindcast.predictions.v1', 'hindcast.jobs.v1'].flatMap((other) => recordsOf(other, 2));
  const all = 'among them all of hindcast.predictions.v1/0, hindcast.jobs.v1/0';
  const said = `2 records in 1 partitions are as 1 checkpoints say. 5 are not signed for yet, ${all}.\n`;
  for (const lines of [records.concat(others), others.concat(records)])
    expect(await judge(lines, 2)).toEqual({ code: 0, said });
  expect(await judge(others.concat(records.slice(0, 1)), 2)).toMatchObject({ code: 1 });
});

it('takes a record for an event of a prediction by its head alone, at the place that is signed', async () => {
  const event = (subject: string, data: object = {}) => JSON.stringify({ subject, tenant: 't', data });
  const value = event('mine', { context: { subject: 'yours', tenant: 't' } });
  const records = [value, event('yours'), 'nonsense'].map((text, offset) => ({
    ...{ offset, appendedAt: 1_000, headers: { type: 'T' } },
    ...{ key: offset === 1 ? 't/yours' : 't/mine', value: text },
  }));
  const encoded = records.map((record) => createLeafEncoder()(record).slice(1));
  const tree = encoded.map(hash.leaf);
  const proofs = createTreeProofs(hash, { before: emptyFrontier, leaves: tree });
  const judge = (id: string, index: number, more: { of?: string; position?: string; type?: string } = {}) => {
    const { of = 'hindcast.predictions.v1', position = `0:0:${index}`, type = 'T' } = more;
    const leaf = Buffer.from(encoded[index] ?? []).toString('base64');
    const path = proofs.inclusion(index).map(toBase64);
    const proven = { position, type, leaf, index, size: 3, path, checkpoint: noteOf(tree, 0, of) };
    return saidOf('proof', JSON.stringify({ id, events: [proven] }), []);
  };
  for (const [id, index] of [['mine', 0] as const, ['yours', 1] as const])
    expect(await judge(id, index)).toMatchObject({ code: 0 });
  const other = { code: 1, said: expect.stringContaining('it is not about') };
  for (const [id, index] of [['yours', 0] as const, ['mine', 1] as const, ['mine', 2] as const])
    expect(await judge(id, index)).toMatchObject(other);
  expect(await judge('mine', 0, { of: modelsTopic })).toMatchObject(other);
  const elsewhere = { code: 1, said: expect.stringContaining('it is another record than it says') };
  for (const position of ['0:1:0', '1:0:0', '0:0:1'])
    expect(await judge('mine', 0, { position })).toMatchObject(elsewhere);
  expect(await judge('mine', 0, { type: 'U' })).toEqual({
    code: 1,
    said: '0:0:0: it is of the type T, not U.\n1 finding.\n',
  });
  // What people read of a proof is what was proven.
  const told = (await judge('mine', 0)).said.split('\n');
  expect(told[0]).toBe('0:0:0  1970-01-01T00:00:01.000Z  T');
  expect(told[1]).toMatch(/^1 event of mine is in the log that was signed\. .*later event/);
});

it('cannot check what is no export', async () => {
  for (const content of ['', '{"hindcastExport":2}', 'nonsense'])
    expect(await saidOf('log', content, [noteOf(signed)])).toEqual({ code: 2, said: '' });
  expect(await saidOf('log', '', [])).toEqual({ code: 2, said: '' });
});
