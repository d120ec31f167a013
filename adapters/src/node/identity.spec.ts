import { describe, expect, it } from 'vitest';
import { nodeIdentity } from './identity.ts';

describe('nodeIdentity', () => {
  it('gives one text always the same id, of version 5', () => {
    const id = nodeIdentity.idFromText('default/order-17');
    expect(id).toBe(nodeIdentity.idFromText('default/order-17'));
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(nodeIdentity.idFromText('default/order-18')).not.toBe(id);
  });

  it('gives new ids that sort by time', () => {
    const ids = Array.from({ length: 1000 }, () => nodeIdentity.newId());
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('hashes a text as its UTF-8 bytes', () => {
    expect(nodeIdentity.sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(nodeIdentity.sha256(new TextEncoder().encode('Zürich'))).toBe(nodeIdentity.sha256('Zürich'));
  });
});
