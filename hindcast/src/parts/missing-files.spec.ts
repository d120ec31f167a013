import { evolveModel, type ModelEvent, unknownModel } from '@hindcast/domain';
import { aModelPaused, aModelRegistered } from '@hindcast/domain/testing';
import { describe, expect, it } from 'vitest';
import { championsWithoutFile, checkChampions, heldBy } from './missing-files.ts';

const stateOf = (...events: ModelEvent[]) =>
  events.reduce((state, event, offset) => evolveModel(state, { event, offset, appendedAt: 0 }).state, unknownModel);
const models = new Map([
  ['churn', stateOf(aModelRegistered())],
  ['fraud', stateOf(aModelRegistered({ sha256: 'b'.repeat(64) }))],
  ['rests', stateOf(aModelRegistered(), aModelPaused())],
]);
const catalog = { get: (_: string, name: string) => models.get(name), names: () => [...models.keys()] };
const files = (...digests: string[]) => ({
  has: async (sha256: string) => digests.includes(sha256),
});
const [a, b] = ['a'.repeat(64), 'b'.repeat(64)] as const;

describe('files of models that are gone', () => {
  it('are named with their models', async () => {
    expect(await championsWithoutFile(catalog, files(a, b), 'default')).toEqual([]);
    expect(await championsWithoutFile(catalog, files(a), 'default')).toEqual([{ name: 'fraud', version: 1 }]);
  });

  it('fail the check of readiness', async () => {
    await checkChampions(catalog, files(a, b), 'default');
    await expect(checkChampions(catalog, files(), 'default')).rejects.toThrow('3 models are missing: churn@1, fraud@1');
  });

  it('are what holds up predictions, unless somebody wants them to wait', async () => {
    const asked = (model: string, sha256: string) => ({ tenant: 'default', model, version: 1, sha256 });
    const reasonOf = heldBy(catalog, files(b));
    expect(await reasonOf(asked('churn', a))).toMatch(/^The file of churn@1 is missing/);
    expect(await reasonOf(asked('fraud', b))).toBeUndefined();
    expect(await reasonOf(asked('rests', b))).toMatch(/rests is paused/);
  });
});
