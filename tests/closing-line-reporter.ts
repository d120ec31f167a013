import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run with one line that a script can read: `N passed, N failed`, and the skipped ones if there are any. Before it
 * those that passed only when they were tried again.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        const tries = 1 + (test.diagnostic()?.retryCount ?? 0);
        if (tries > 1) process.stdout.write(`\nTried ${tries} times, and then ${state}: ${test.fullName}\n`);
        if (state === 'passed' || state === 'failed' || state === 'skipped') count[state] += 1;
      }
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`);
  }
}
