import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take half a minute and more, the longest first. A machine that has never run them would begin with the files
 * of most bytes, and then wait for a long one that it began last. Between them some that wait most of their time: at the end
 * they would wait alone.
 */
export const longest: readonly string[] = [
  'tests/distributed/scenarios.services.spec.ts',
  'tests/distributed/faults.services.spec.ts',
  'tests/stores/mongo-rebuild.services.spec.ts',
  'hindcast/src/distributed/open-distributed-ports.services.spec.ts',
  'tests/stores/refused-starts.services.spec.ts',
  'tests/stores/mongo-faults.services.spec.ts',
  'tests/stores/secured-start.services.spec.ts',
  'tests/services/kafka-log-crashes.services.spec.ts',
  'tests/services/migrate.services.spec.ts',
  'tests/distributed/three-brokers.services.spec.ts',
  'adapters/src/kafka/event-log.services.spec.ts',
  'tests/distributed/seeded-bugs.services.spec.ts',
  'tests/services/kafka.services.spec.ts',
  'tests/services/refused-moves.services.spec.ts',
  'tests/services/kafka-audit.services.spec.ts',
  'tests/distributed/equal-views.services.spec.ts',
  'tests/scenarios/embedded.spec.ts',
  'tests/faults/kill-at-random.spec.ts',
  'tests/clients/python-package.int.spec.ts',
  'projectors/src/hand-over-races.spec.ts',
];

export default class LongestFirstSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.indexOf(relative(this.ctx.config.root, moduleId).replaceAll('\\', '/'));
      return at === -1 ? longest.length : at;
    };
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || rank(a) - rank(b));
  }
}
