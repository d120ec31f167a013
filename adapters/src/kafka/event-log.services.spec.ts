import { eventLogContract } from '@hindcast/domain/contracts';
import { describe } from 'vitest';
import { brokers, newPrefix, openKafkaLog } from '../testing/open-kafka-log.ts';

describe.skipIf(brokers.length === 0)('Kafka', () => {
  eventLogContract('Kafka', async () => {
    const prefix = newPrefix();
    let log = await openKafkaLog(prefix);
    return {
      log,
      reopen: async () => {
        await log.stop();
        log = await openKafkaLog(prefix);
        return log;
      },
      close: () => log.stop(),
    };
  });
});
