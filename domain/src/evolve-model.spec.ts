import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evolveModel, findVersion, type ModelState, unknownModel } from './evolve-model.ts';
import type { ModelEvent } from './model-events.ts';
import { givenModel, storedAs } from './testing/given.ts';
import {
  aModelPaused,
  aModelRegistered,
  aModelResumed,
  aModelRoutingMoved,
  aModelVersionQuarantined,
  aModelVersionRetired,
} from './testing/model-event-builders.ts';

const digest = (letter: string): string => letter.repeat(64);
const second = aModelRegistered({ sha256: digest('b') });

describe('a model', () => {
  it('gets versions in log order, and sends everything to the first one', () => {
    givenModel()
      .when(aModelRegistered())
      .thenIs('accepted', { revision: 1, paused: false, routing: { champion: 1, canary: [] } });
    const { state } = givenModel(aModelRegistered()).when(second);
    expect(state.versions.map(({ version, sha256 }) => [version, sha256])).toEqual([
      [1, digest('a')],
      [2, digest('b')],
    ]);
    expect(state.routing?.champion).toBe(1);
  });

  it('does not register the same file twice, however its members are ordered', () => {
    givenModel(aModelRegistered()).when(aModelRegistered()).thenIs('ignored:duplicate', { revision: 1 });
    const { pool, deadlineMs, timeoutMs, batchMax } = aModelRegistered().data.settings;
    givenModel(aModelRegistered(), second)
      .when(aModelRegistered({ settings: { batchMax, timeoutMs, deadlineMs, pool } }))
      .thenIs('ignored:duplicate', { revision: 2 });
  });

  it.each([
    ['signature', { signature: { ...aModelRegistered().data.signature, threshold: 0.4 } }],
    ['settings', { settings: { ...aModelRegistered().data.settings, batchMax: 1 } }],
    ['example', { example: { age: 17 } }],
    ['description', { description: 'Who leaves.' }],
  ])('takes the same file with another %s for a new version of it', (_what, other) => {
    const { state, verdict } = givenModel(aModelRegistered()).when(aModelRegistered(other));
    expect(verdict).toBe('accepted');
    expect(state.versions.map(({ version, sha256 }) => [version, sha256])).toEqual([
      [1, digest('a')],
      [2, digest('a')],
    ]);
    givenModel(aModelRegistered(), aModelRegistered(other))
      .when(aModelRegistered(other))
      .thenIs('ignored:duplicate', { revision: 2 });
  });

  it('moves its routing from the revision that the mover saw, and from no other', () => {
    const move = aModelRoutingMoved({ routing: { champion: 2, canary: [{ version: 1, share: 0.1 }] }, base: 2 });
    givenModel(aModelRegistered(), second)
      .when(move)
      .thenIs('accepted', { routing: { champion: 2 }, revision: 3 });
    givenModel(aModelRegistered(), second, move).when(move).thenIs('ignored:stale_base', { revision: 3 });
  });

  it('routes to active versions only', () => {
    const toUnknown = aModelRoutingMoved({ routing: { champion: 9, canary: [] }, base: 1 });
    givenModel(aModelRegistered()).when(toUnknown).thenIs('ignored:unknown_version');
    const toRetired = aModelRoutingMoved({ routing: { champion: 2, canary: [] }, base: 3 });
    givenModel(aModelRegistered(), second, aModelVersionRetired({ version: 2 }))
      .when(toRetired)
      .thenIs('ignored:unknown_version');
  });

  it('retires what is not in use, once', () => {
    const retire = aModelVersionRetired({ version: 2 });
    givenModel(aModelRegistered()).when(aModelVersionRetired()).thenIs('ignored:in_use');
    const { state } = givenModel(aModelRegistered(), second).when(retire);
    expect(findVersion(state, 2)?.state).toBe('retired');
    givenModel(aModelRegistered(), second, retire).when(retire).thenIs('ignored:unknown_version');
  });

  it('is paused and resumed, each once', () => {
    givenModel(aModelRegistered()).when(aModelPaused()).thenIs('accepted', { paused: true });
    givenModel(aModelRegistered(), aModelPaused()).when(aModelPaused()).thenIs('ignored:duplicate');
    givenModel(aModelRegistered(), aModelPaused()).when(aModelResumed()).thenIs('accepted', { paused: false });
    givenModel(aModelRegistered()).when(aModelResumed()).thenIs('ignored:duplicate');
  });

  it('quarantines every version of a file, and none that is retired', () => {
    const told = (description: string) => aModelRegistered({ description });
    const events = [told('one'), told('two'), second, told('three'), aModelVersionRetired({ version: 4 })];
    const { state } = givenModel(...events).when(aModelVersionQuarantined());
    expect(state.versions.map((version) => version.state)).toEqual(['quarantined', 'quarantined', 'active', 'retired']);
    givenModel(...events, aModelVersionQuarantined())
      .when(aModelVersionQuarantined())
      .thenIs('ignored:unknown_version');
  });

  it('quarantines a version with its reason, and resuming lets it out', () => {
    const { state } = givenModel(aModelRegistered()).when(aModelVersionQuarantined());
    expect(findVersion(state, 1)).toMatchObject({ state: 'quarantined', error: { code: 'model_crashes' } });
    const resumed = givenModel(aModelRegistered(), aModelVersionQuarantined()).when(aModelResumed());
    expect(findVersion(resumed.state, 1)).toMatchObject({ state: 'active' });
    expect(findVersion(resumed.state, 1)).not.toHaveProperty('error');
  });
});

const small = fc.integer({ min: 1, max: 4 });
const letter = fc.constantFrom('a', 'b', 'c').map(digest);
const anyModelEvent: fc.Arbitrary<ModelEvent> = fc.oneof(
  fc
    .tuple(letter, fc.constantFrom('one', 'two'))
    .map(([sha256, description]) => aModelRegistered({ sha256, description })),
  fc
    .tuple(small, fc.nat({ max: 8 }))
    .map(([champion, base]) => aModelRoutingMoved({ routing: { champion, canary: [] }, base })),
  fc.constant(aModelPaused()),
  fc.constant(aModelResumed()),
  small.map((version) => aModelVersionRetired({ version })),
  letter.map((sha256) => aModelVersionQuarantined({ sha256 })),
);
const fold = (events: readonly ModelEvent[], initial: ModelState = unknownModel): ModelState =>
  storedAs(events).reduce((state, stored) => evolveModel(state, stored).state, initial);

describe('laws of the fold of a model', () => {
  it('counts exactly the accepted events, and ignored ones change nothing', () => {
    fc.assert(
      fc.property(fc.array(anyModelEvent, { maxLength: 30 }), (events) => {
        let state: ModelState = unknownModel;
        for (const stored of storedAs(events)) {
          const evolved = evolveModel(state, stored);
          expect(evolved.state.revision).toBe(state.revision + (evolved.verdict === 'accepted' ? 1 : 0));
          if (evolved.verdict !== 'accepted') expect(evolved.state).toEqual(state);
          state = evolved.state;
        }
      }),
    );
  });

  it('numbers versions without gaps, and its champion is never a retired one', () => {
    fc.assert(
      fc.property(fc.array(anyModelEvent, { maxLength: 30 }), (events) => {
        const { versions, routing } = fold(events);
        expect(versions.map(({ version }) => version)).toEqual(versions.map((_, i) => i + 1));
        expect(routing === undefined).toBe(versions.length === 0);
        if (routing) expect(versions[routing.champion - 1]?.state).not.toBe('retired');
      }),
    );
  });

  it('goes on from a state that was stored as JSON as if it had never been', () => {
    fc.assert(
      fc.property(fc.array(anyModelEvent, { maxLength: 30 }), fc.nat({ max: 30 }), (events, cut) => {
        const state = fold(events.slice(0, cut));
        const { routing, ...rest } = JSON.parse(JSON.stringify(state));
        expect(fold(events.slice(cut), { ...rest, routing })).toEqual({ ...fold(events.slice(cut), state) });
      }),
    );
  });
});
