import { TOPICS } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import type { KafkaLink } from './kafka-link.ts';
import { createLogReading } from './log-reading.ts';

const callTimeoutMs = 400;
const topic = TOPICS.predictions;

/** A Kafka that takes requests and answers none. */
const silentKafka = (recover: () => void = () => undefined) => {
  const link = {
    prepare: () => new Promise<void>(() => undefined),
    recover: async () => recover(),
  };
  return createLogReading({
    link: link as unknown as KafkaLink,
    nameOf: (name) => name,
    bounds: { callTimeoutMs, fetchPartitionBytesMax: 1_000 },
  });
};

const waited = async (call: Promise<unknown>) => {
  const at = performance.now();
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toMatchObject({ code: 'unavailable' });
  return performance.now() - at;
};

describe('reading while Kafka does not answer', () => {
  it('gives up after the patience of the caller, or after that of opening', async () => {
    const reading = silentKafka();
    expect(await waited(reading.offsets(topic, 4, 50))).toBeLessThan(callTimeoutMs - 100);
    expect(await waited(reading.pages(topic, 0, 0, 1, 50).next())).toBeLessThan(callTimeoutMs - 100);
    expect(await waited(reading.offsets(topic, 4))).toBeGreaterThan(callTimeoutMs - 50);
  });

  it('does not wait for a recovery that takes longer', async () => {
    const link = {
      prepare: () => Promise.reject(new Error('Connection refused')),
      recover: () => new Promise<void>(() => undefined),
    };
    const bounds = { callTimeoutMs, fetchPartitionBytesMax: 1_000 };
    const reading = createLogReading({ link: link as unknown as KafkaLink, nameOf: (name) => name, bounds });
    expect(await waited(reading.offsets(topic, 4, 100))).toBeLessThan(callTimeoutMs - 100);
  });

  it('learns later that a connection is lost, for whoever asks next', async () => {
    const lost = await new Promise<number>((resolve) => {
      const begun = performance.now();
      void waited(silentKafka(() => resolve(performance.now() - begun)).offsets(topic, 4, 50));
    });
    expect(lost).toBeGreaterThan(callTimeoutMs - 50);
  });
});
