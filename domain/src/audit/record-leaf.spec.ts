import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditCrypto } from '../testing/audit-crypto.ts';
import { createLeafEncoder, type LeafRecord } from './record-leaf.ts';
import { createTreeHash } from './tree-hash.ts';

const encode = createLeafEncoder();
const hexOf = (record: LeafRecord) => Buffer.from(encode(record)).toString('hex');

const text = fc.string({ unit: 'binary', maxLength: 90 });
const aRecord = fc.record<LeafRecord>({
  offset: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  appendedAt: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  key: text,
  headers: fc.dictionary(text, text, { maxKeys: 6 }),
  value: fc.oneof(text, fc.string({ minLength: 100, maxLength: 400 })),
});

/** The form of the documentation, written down a second time. */
const documented = ({ offset, appendedAt, key, headers, value }: LeafRecord): Buffer => {
  const u64 = (number: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(number));
    return bytes;
  };
  const u32 = (number: number) => u64(number).subarray(4);
  const written = (given: string) => Buffer.concat([u32(Buffer.byteLength(given)), Buffer.from(given)]);
  const sorted = Object.entries(headers).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Buffer.concat([
    Buffer.from([0, 1]),
    ...[u64(offset), u64(appendedAt), written(key), u32(sorted.length)],
    ...sorted.flatMap(([name, content]) => [written(name), written(content)]),
    written(value),
  ]);
};

describe('the leaf of a record', () => {
  it('is the one of the example in docs/audit.md', () => {
    const page = readFileSync(new URL('../../../docs/audit.md', import.meta.url), 'utf8');
    const [, shown = ''] = /\n(01 0000000000000001 [0-9a-f ]+)\n/.exec(page) ?? [];
    const record = { offset: 1, appendedAt: 1_700_000_000_000, key: 'a/b', headers: { type: 'T' }, value: '{}' };
    expect(hexOf(record)).toBe(`00${shown.replaceAll(' ', '')}`);
    const leaf = createTreeHash(auditCrypto).record(record);
    expect(page).toContain(`\`${Buffer.from(leaf, 'latin1').toString('hex')}\``);
  });

  it('has the documented form, for all texts and numbers', () =>
    fc.assert(
      fc.property(aRecord, (record) => {
        expect(hexOf(record)).toBe(documented(record).toString('hex'));
      }),
      { numRuns: 500 },
    ));

  it('does not depend on the order of headers, in which adapters differ', () => {
    const record = { offset: 1, appendedAt: 2, key: 'k', value: 'v' };
    const names = ['type', 'a', '10', '9', '\u{1f600}', '\uffee'];
    const inOrder = (order: readonly string[]) => Object.fromEntries(order.map((name) => [name, `of ${name}`]));
    const forwards = hexOf({ ...record, headers: inOrder(names) });
    expect(hexOf({ ...record, headers: inOrder(names.toReversed()) })).toBe(forwards);
    expect(forwards).toBe(documented({ ...record, headers: inOrder(names) }).toString('hex'));
  });

  it('differs where any part of the record differs', () =>
    fc.assert(
      fc.property(aRecord, aRecord, (a, b) => {
        for (const part of ['offset', 'appendedAt', 'key', 'headers', 'value'] as const) {
          const changed = { ...a, [part]: b[part] };
          const isSame = documented(changed).equals(documented(a));
          expect(hexOf(changed) === hexOf(a)).toBe(isSame);
        }
      }),
    ));

  it('takes records of the largest size after small ones', () => {
    const value = 'ü'.repeat(500_000);
    const record = { offset: 0, appendedAt: 0, key: 'k', headers: {}, value };
    expect(hexOf(record)).toBe(documented(record).toString('hex'));
  });
});
