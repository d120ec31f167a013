import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import FirstFilesSequencer from './tests/first-files-sequencer.ts';

/** Parts are tested by their sources: nothing has to be built before. */
const conditions = ['@hindcast/source', 'node', 'import', 'default'];
const ofParts = (name: string, include: string[], extra: object) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  // Files share what is loaded: half of the processor time would go into loading the same modules for each of them.
  test: { name, include, isolate: false, ...extra },
});

/** Tests of whole processes take the packages as they are built, like the processes that they start. */
const ofProcesses = (name: string, include: string[], extra: object = {}) => ({
  test: {
    name,
    include,
    server: { deps: { external: [/\/(?:dist|bundle)\//] } },
    maxConcurrency: 2,
    sequence: { groupOrder: 1 },
    testTimeout: 240_000,
    hookTimeout: 120_000,
    // Their bounds are of time. A machine that others load too can break such a bound once; what is wrong breaks it twice.
    retry: 1,
    ...extra,
  },
});

export default defineConfig({
  test: {
    maxWorkers: availableParallelism(),
    sequence: { sequencer: FirstFilesSequencer },
    reporters: ['default', './tests/closing-line-reporter.ts'],
    projects: [
      ofParts('unit', ['*/src/**/*.spec.ts', 'tests/architecture/*.spec.ts'], {
        testTimeout: 30_000,
        exclude: ['**/*.int.spec.ts', '**/*.services.spec.ts', '**/node_modules/**', '**/dist/**'],
      }),
      ofParts('integration', ['*/src/**/*.int.spec.ts', 'tests/clients/*.int.spec.ts'], {
        testTimeout: 60_000,
        hookTimeout: 60_000,
        exclude: ['**/node_modules/**', '**/dist/**'],
      }),
      ofProcesses('scenarios', ['tests/scenarios/**/*.spec.ts', 'tests/faults/**/*.spec.ts']),
      ofProcesses(
        'services',
        ['*/src/**/*.services.spec.ts', 'tests/{services,stores,distributed}/*.services.spec.ts'],
        {
          globalSetup: './tests/services/global-setup.ts',
          // They wait for services half of their time: two cores are busy with four of them, and not with two.
          maxWorkers: Math.max(4, availableParallelism()),
          sequence: { groupOrder: 2 },
        },
      ),
    ],
  },
});
