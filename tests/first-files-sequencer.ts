import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take a quarter of a minute and more, in this order, before all others: a machine that has never run them would
 * begin with the files of most bytes, and then wait for a long one that it began last. Of those on services the two of most
 * work come first, beside them what waits most of its time, and then the rest.
 */
export const firstFiles: readonly string[] = [
  'tests/distributed/scenarios.services.spec.ts',
  'tests/distributed/faults.services.spec.ts',
  'tests/services/kafka-log-crashes.services.spec.ts',
  'adapters/src/kafka/event-log.services.spec.ts',
  'tests/services/refused-moves.services.spec.ts',
  'tests/services/kafka-audit.services.spec.ts',
  'hindcast/src/distributed/open-distributed-ports.services.spec.ts',
  'adapters/src/kafka/lost-topics.services.spec.ts',
  'adapters/src/kafka/log-opening.services.spec.ts',
  'adapters/src/redis/redis-ports.services.spec.ts',
  'tests/stores/redis-faults.services.spec.ts',
  'tests/stores/mongo-faults.services.spec.ts',
  'tests/stores/mongo-rebuild.services.spec.ts',
  'tests/distributed/three-brokers.services.spec.ts',
  'tests/distributed/seeded-bugs.services.spec.ts',
  'tests/services/migrate.services.spec.ts',
  'tests/services/kafka.services.spec.ts',
  'tests/stores/secured-start.services.spec.ts',
  'tests/distributed/ending.services.spec.ts',
  'tests/stores/secured-stores.services.spec.ts',
  'tests/stores/secured-kafka.services.spec.ts',
  'tests/services/kafka-lost-answers.services.spec.ts',
  'tests/stores/kafka-jobs.services.spec.ts',
  'hindcast/src/distributed/check-services.services.spec.ts',
  'adapters/src/kafka/consuming.services.spec.ts',
  'tests/stores/refused-starts.services.spec.ts',
  'tests/distributed/equal-views.services.spec.ts',
  'tests/scenarios/embedded.spec.ts',
  'tests/faults/drain.spec.ts',
  'tests/faults/verification.spec.ts',
  'tests/faults/audit.spec.ts',
  'tests/faults/kill-at-random.spec.ts',
  'tests/faults/datasets.spec.ts',
  'tests/clients/python-package.int.spec.ts',
  'command-api/src/key-races.spec.ts',
  'projectors/src/hand-over-races.spec.ts',
  'adapters/src/duckdb/duckdb-extractor.int.spec.ts',
];

export default class FirstFilesSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    const rank = ({ moduleId }: TestSpecification) => {
      const at = firstFiles.indexOf(relative(this.ctx.config.root, moduleId).replaceAll('\\', '/'));
      return at === -1 ? firstFiles.length : at;
    };
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || rank(a) - rank(b));
  }
}
