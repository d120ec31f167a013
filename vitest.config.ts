import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const conditions = ['@hindcast/source', 'node', 'import', 'default'];
/** Tests of whole processes wait half of their time: for sessions that run out, for what restarts, for what drains. */
const waiting = { maxWorkers: 2 * availableParallelism(), maxConcurrency: 2 };
const project = (name: string, include: string[], extra: object = {}) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { name, include, ...extra },
});

export default defineConfig({
  test: {
    maxWorkers: availableParallelism(),
    reporters: ['default', './tests/closing-line-reporter.ts'],
    projects: [
      project('unit', ['*/src/**/*.spec.ts', 'tests/architecture/*.spec.ts'], {
        testTimeout: 30_000,
        exclude: ['**/*.int.spec.ts', '**/*.services.spec.ts', '**/node_modules/**', '**/dist/**'],
      }),
      project('integration', ['*/src/**/*.int.spec.ts', 'tests/clients/*.int.spec.ts'], {
        testTimeout: 60_000,
        hookTimeout: 60_000,
        exclude: ['**/node_modules/**', '**/dist/**'],
      }),
      project('services', ['*/src/**/*.services.spec.ts', 'tests/{services,stores}/*.services.spec.ts'], {
        globalSetup: './tests/services/global-setup.ts',
        sequence: { groupOrder: 1 },
        ...waiting,
        testTimeout: 120_000,
        hookTimeout: 120_000,
        retry: 1,
      }),
      // After all others: each has the processes of a whole system, and its bounds are of time. A machine that others load
      // too can break such a bound once; what is wrong breaks it twice.
      project('distributed', ['tests/distributed/**/*.services.spec.ts'], {
        sequence: { groupOrder: 2 },
        ...waiting,
        retry: 1,
        globalSetup: './tests/services/global-setup.ts',
        testTimeout: 180_000,
        hookTimeout: 120_000,
      }),
      project('scenarios', ['tests/scenarios/**/*.spec.ts', 'tests/faults/**/*.spec.ts'], {
        sequence: { groupOrder: 1 },
        ...waiting,
        testTimeout: 120_000,
        hookTimeout: 120_000,
      }),
    ],
  },
});
