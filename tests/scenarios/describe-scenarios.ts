import { afterAll, describe, it } from 'vitest';
import { scenariosOfOneSystem, scenariosOfTheirOwn } from './every-scenario.ts';
import type { SystemOptions, SystemUnderTest } from './system.ts';

export interface RemovableSystem extends SystemUnderTest {
  /** Stops it, where it runs, and removes its data. */
  remove(): Promise<void>;
}

export type StartRemovableSystem = (options: SystemOptions) => Promise<RemovableSystem>;

/** Runs every scenario. To start a system may take longer than a scenario does: those that can share one. */
export const describeScenarios = (
  startSystem: StartRemovableSystem,
  { ownAtOnce }: { readonly ownAtOnce: boolean },
): void => {
  describe('on one system', () => {
    let shared: Promise<RemovableSystem> | undefined;
    const removeShared = async () => {
      const removed = shared;
      shared = undefined;
      await (await removed)?.remove();
    };
    afterAll(removeShared);
    for (const { title, run } of scenariosOfOneSystem) {
      it(title, async ({ onTestFailed }) => {
        // What broke it must not break the next one.
        onTestFailed(removeShared);
        await run(() => {
          shared ??= startSystem({});
          return shared;
        });
      });
    }
  });

  describe('on systems of their own', { concurrent: ownAtOnce }, () => {
    for (const { title, run } of scenariosOfTheirOwn) {
      it(title, ({ onTestFinished }) =>
        run(async (options = {}) => {
          const system = await startSystem(options);
          onTestFinished(system.remove);
          return system;
        }),
      );
    }
  });
};
