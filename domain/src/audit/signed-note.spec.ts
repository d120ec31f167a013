import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AuditCheckpointSigned } from '../audit-events.ts';
import { aSigningKey, auditCrypto, keyOfSeed } from '../testing/audit-crypto.ts';
import { checkpointText, joinNotes, keyNameOf, parseCheckpoint, splitNotes } from './audit-checkpoint.ts';
import { formatNoteKey, noteKeyOf, openNote, parseNoteKey, signNote } from './signed-note.ts';

/** The example of golang.org/x/mod/sumdb/note, which other implementations of signed notes share as test data. */
const published = {
  seed: Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1),
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  signature:
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
};
const publishedNote = `${published.text}\n${published.signature}`;

const signing = aSigningKey();
const key = noteKeyOf(auditCrypto, keyNameOf('log-1'), signing.publicKey);
const note = signNote(auditCrypto, key, signing.sign, 'a text\n');

describe('a signed note', () => {
  it('is byte for byte the published one', () => {
    const { publicKey, sign } = keyOfSeed(published.seed);
    const named = noteKeyOf(auditCrypto, 'PeterNeumann', publicKey);
    expect(formatNoteKey(named)).toBe(published.key);
    expect(parseNoteKey(auditCrypto, published.key)).toEqual(named);
    expect(signNote(auditCrypto, named, sign, published.text)).toBe(publishedNote);
    expect(openNote(auditCrypto, [named], publishedNote)).toEqual({ text: published.text, signature: 'valid' });
  });

  it('counts only if a known key signed it, whoever else did', () => {
    const other = aSigningKey(8);
    const otherKey = noteKeyOf(auditCrypto, 'witness', other.publicKey);
    const [, theirs = ''] = signNote(auditCrypto, otherKey, other.sign, 'a text\n').split('\n\n');
    expect(openNote(auditCrypto, [key], note + theirs)?.signature).toBe('valid');
    expect(openNote(auditCrypto, [otherKey], note + theirs)?.signature).toBe('valid');
    expect(openNote(auditCrypto, [otherKey], note)?.signature).toBe('unknown');
    expect(openNote(auditCrypto, [], note)?.signature).toBe('unknown');
  });

  it('is forged where the text, or a signature of a known key, was changed', () => {
    expect(openNote(auditCrypto, [key], note.replace('a text', 'b text'))?.signature).toBe('forged');
    const [text = '', line = ''] = note.split('\n\n');
    const [head = '', name = '', base64 = ''] = line.trimEnd().split(' ');
    const bytes = Buffer.from(base64, 'base64');
    for (let at = 4; at < bytes.length; at += 9) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      const forged = `${text}\n\n${head} ${name} ${changed.toString('base64')}\n`;
      expect(openNote(auditCrypto, [key], forged)?.signature).toBe('forged');
    }
  });

  it.each(['', 'text', 'text\n', 'text\n\n', 'text\n\n— name\n', 'text\n\n— name !!!!\n', 'text\n\n- name AAAAAAAA\n'])(
    'is not %j',
    (text) => expect(openNote(auditCrypto, [key], text)).toBeUndefined(),
  );

  it.each([
    published.key.replace('c74f20a3', 'c74f20a4'),
    published.key.replace('+AR', '+BR'),
    published.key.replace('Peter', 'Peter '),
    published.key.slice(0, -4),
    'PeterNeumann',
    '',
  ])('has no key like %j', (text) => expect(parseNoteKey(auditCrypto, text)).toBeUndefined());
});

describe('the example of docs/audit.md', () => {
  it('is the stored example, and its signature is valid', () => {
    const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
    const { data } = JSON.parse(read('domain/fixtures/AuditCheckpointSigned.v1.json')) as AuditCheckpointSigned;
    const page = read('docs/audit.md');
    expect(page).toContain(data.note);
    expect(page).toContain(data.key);
    const named = parseNoteKey(auditCrypto, data.key);
    expect(openNote(auditCrypto, named ? [named] : [], data.note)?.signature).toBe('valid');
  });
});

describe('a checkpoint', () => {
  const checkpoint = {
    ...{ logId: '0198c2ef-1d00-7a41-8f3e-6a5b4c3d2e1f', epoch: 0, topic: 'hindcast.predictions.v1', partition: 3 },
    ...{ size: 20_852_163, root: auditCrypto.sha256(new Uint8Array(0)) },
  };
  const text = checkpointText(checkpoint);

  it('has the form of C2SP', () => {
    expect(text).toBe(
      'hindcast/0198c2ef-1d00-7a41-8f3e-6a5b4c3d2e1f/0/hindcast.predictions.v1/3\n20852163\n' +
        '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n',
    );
    expect(parseCheckpoint(text)).toEqual(checkpoint);
    expect(parseCheckpoint(`${text}an extension\n`)).toEqual(checkpoint);
  });

  it.each([
    ['20852163', '020852163'],
    ['20852163', '-1'],
    ['47DE', '47D'],
    ['SuFU=', 'SuFV='],
    ['/0/', '/00/'],
    ['/3\n', '/\n'],
    ['hindcast/', 'example/'],
  ])('has nothing else in the place of %j', (from, to) => {
    expect(text).toContain(from);
    expect(parseCheckpoint(text.replace(from, to))).toBeUndefined();
    expect(parseCheckpoint(text.trimEnd())).toBeUndefined();
  });

  it('is kept with others in one file', () => {
    const notes = [1, 2, 3].map((size) =>
      signNote(auditCrypto, key, signing.sign, checkpointText({ ...checkpoint, size })),
    );
    expect(splitNotes(joinNotes(notes))).toEqual(notes);
    expect(splitNotes(`\n${joinNotes(notes).replaceAll('\n', '\r\n')}\n\n`)).toEqual(notes);
    expect(splitNotes('')).toEqual([]);
  });
});
