import { describe, expect, it } from 'vitest';
import type { CompletionBus } from '../ports.ts';
import { predictionDoc } from './sample-documents.ts';

export interface CompletionBusUnderTest {
  readonly bus: CompletionBus;
  /** Resolves when everything published before the call was delivered. */
  settled(): Promise<void>;
  stop?(): Promise<void>;
}

/** Every adapter of `CompletionBus` keeps these promises. */
export const completionBusContract = (name: string, open: () => Promise<CompletionBusUnderTest>): void => {
  const using = async (test: (under: CompletionBusUnderTest) => Promise<void>) => {
    const under = await open();
    try {
      await test(under);
    } finally {
      await under.stop?.();
    }
  };

  describe(`completion bus: ${name}`, () => {
    it('tells every listener of a key, and nobody else', () =>
      using(async ({ bus, settled }) => {
        const heard: string[] = [];
        bus.subscribe('t/a', (doc) => heard.push(`1:${doc.key}@${doc.pos}`));
        bus.subscribe('t/a', (doc) => heard.push(`2:${doc.key}@${doc.pos}`));
        bus.subscribe('t/b', (doc) => heard.push(`3:${doc.key}@${doc.pos}`));
        await settled();
        bus.publish([predictionDoc('a', 1), predictionDoc('c', 2), predictionDoc('a', 3)]);
        await settled();
        expect(heard.sort()).toEqual(['1:t/a@1', '1:t/a@3', '2:t/a@1', '2:t/a@3']);
      }));

    it('goes silent for the one who left, while others stay', () =>
      using(async ({ bus, settled }) => {
        const heard: string[] = [];
        const listener = (who: string) => () => heard.push(who);
        const leave = bus.subscribe('t/a', listener('left'));
        bus.subscribe('t/a', listener('stayed'));
        await settled();
        leave();
        leave();
        bus.publish([predictionDoc('a', 1)]);
        await settled();
        expect(heard).toEqual(['stayed']);
      }));

    it('survives a listener that throws', () =>
      using(async ({ bus, settled }) => {
        const heard: number[] = [];
        bus.subscribe('t/a', () => {
          throw new Error('a careless listener');
        });
        bus.subscribe('t/a', (doc) => heard.push(doc.pos));
        await settled();
        bus.publish([predictionDoc('a', 1), predictionDoc('a', 2)]);
        await settled();
        expect(heard).toEqual([1, 2]);
      }));
  });
};
