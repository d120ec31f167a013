import type { ScannedDoc, ViewStore } from '@hindcast/domain';
import { createMemoryViewStore } from '@hindcast/domain/in-memory';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createViewComparer } from './compare-views.ts';

interface Doc {
  readonly key: string;
  readonly pos: number;
  readonly value: number;
}

/** A store that tells how a document is stored, as databases on disk do. */
const telling = (store: ViewStore<Doc>): ViewStore<Doc> => ({
  ...store,
  async *scan() {
    for await (const page of store.scan()) {
      yield page.map((scanned): ScannedDoc<Doc> => {
        const { key, pos, value } = scanned.doc();
        return { ...scanned, stored: [key, pos, value] };
      });
    }
  },
});

const storeOf = async (docs: readonly Doc[]): Promise<ViewStore<Doc>> => {
  const store = createMemoryViewStore<Doc>();
  await store.save(docs.map((doc) => ({ doc, base: undefined })));
  return store;
};

const side = fc.option(fc.record({ pos: fc.nat(2), value: fc.nat(1) }), { nil: undefined });
const key = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\uffee', '🙂'), minLength: 1 });
const keys = fc.uniqueArray(fc.record({ key, live: side, built: side }), { maxLength: 30, selector: (of) => of.key });
/** Pages end between others of these. */
const equals = fc.constantFrom(0, 499, 1_100).map((many) =>
  Array.from({ length: many }, (_, at) => {
    const both = { pos: at, value: at };
    return { key: `b${at}`, live: both, built: both };
  }),
);

it('counts what is equal, what differs, what one side has, and what is not at the same place', () =>
  fc.assert(
    fc.asyncProperty(keys, equals, fc.boolean(), async (few, many, tells) => {
      const counts = { equal: 0, different: 0, onlyLive: 0, onlyBuilt: 0, moving: 0 };
      const all = [...few, ...many];
      for (const { live, built } of all) {
        if (live && built && live.pos !== built.pos) counts.moving += 1;
        else if (live && built) counts[live.value === built.value ? 'equal' : 'different'] += 1;
        else if (live) counts.onlyLive += 1;
        else if (built) counts.onlyBuilt += 1;
      }
      const docsOf = (of: 'live' | 'built') => all.flatMap((one) => (one[of] ? [{ key: one.key, ...one[of] }] : []));
      const [live, built] = await Promise.all([storeOf(docsOf('live')), storeOf(docsOf('built'))]);
      const comparer = tells ? createViewComparer(telling(live), telling(built)) : createViewComparer(live, built);
      await comparer.compareAll();
      await comparer.settle({ standing: true });
      expect(comparer.result()).toMatchObject(counts);
    }),
    { numRuns: 200 },
  ));

it('does not call a document missing that came while the two were compared', async () => {
  const doc = { key: 'b', pos: 1, value: 1 };
  const [live, built] = await Promise.all([storeOf([{ ...doc, key: 'a' }]), storeOf([{ ...doc, key: 'a' }, doc])]);
  const late: ViewStore<Doc> = {
    ...live,
    async *scan() {
      yield* live.scan();
      await live.save([{ doc, base: undefined }]);
    },
  };
  const comparer = createViewComparer(late, built);
  await comparer.compareAll();
  await comparer.settle({ standing: false });
  expect(comparer.result()).toMatchObject({ equal: 2, onlyBuilt: 0, moving: 0 });
});
