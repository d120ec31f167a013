import { Kafka, logLevel } from 'kafkajs';

const attemptTimeoutMs = 2_000;

/** How many brokers take part in the cluster that these brokers know. Refused where nobody answers. */
export const countKafkaBrokers = async (brokers: readonly string[]): Promise<number> => {
  const admin = new Kafka({
    clientId: 'hindcast-services',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: attemptTimeoutMs,
    requestTimeout: attemptTimeoutMs,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length;
  } finally {
    await admin.disconnect();
  }
};
