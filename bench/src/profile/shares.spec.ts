import { expect, it } from 'vitest';
import { bytesIn, functionOf, partOf, sumsBy, timeIn } from './shares.ts';

const frame = (functionName: string, url = '') => ({ functionName, url });

it.each([
  [frame('fold', 'file:///x/hindcast/projectors/dist/fold.js'), 'projectors'],
  [frame('encode', 'file:///x/domain/dist/audit/tree/record-leaf.js'), 'domain/audit/tree'],
  [frame('run', 'file:///x/node_modules/libsql/index.js'), 'libsql'],
  [frame('check', 'file:///x/node_modules/@sinclair/typebox/build/compiler.js'), '@sinclair/typebox'],
  [frame('emit', 'node:events'), 'Node'],
  [frame('writev'), 'Node'],
  [frame('libsql_js::statement::Rows::js_next'), 'libsql'],
  [frame('(garbage collector)'), 'garbage collection'],
])('says where %j belongs', (where, part) => {
  expect(partOf(where)).toBe(part);
});

it('names a function by its file', () => {
  expect(functionOf(frame('encode', 'file:///x/domain/dist/event-codec.js'))).toBe('encode, domain, event-codec.js');
  expect(functionOf(frame('', 'node:events'))).toBe('without a name, Node');
});

it('sums the time of each function itself, and leaves out what was none', () => {
  const nodes = [frame('(idle)'), frame('a'), frame('b')].map((callFrame, id) => ({ id, callFrame }));
  const spent = timeIn({ nodes, samples: [1, 0, 2, 1, 2, 2], timeDeltas: [5, 100, 1, 6, 2, 20] });
  expect(sumsBy(({ functionName }) => functionName, spent)).toEqual([
    ['b', 23],
    ['a', 11],
  ]);
});

it('sums the bytes of all functions, whoever called them', () => {
  const leaf = { callFrame: frame('a'), selfSize: 7, children: [] };
  const head = { callFrame: frame('b'), selfSize: 1, children: [leaf, { ...leaf, children: [leaf] }] };
  expect(sumsBy(({ functionName }) => functionName, bytesIn(head))).toEqual([
    ['a', 21],
    ['b', 1],
  ]);
});
