import { createRequire } from 'node:module';
import type { Broker } from 'kafkajs';

export interface StoredBatch {
  readonly partition: number;
  /** 0 where the partition took the batch. */
  readonly errorCode: number;
  readonly baseOffset: string;
  readonly logAppendTime: string;
}

/** What Kafka says of each partition of a request. */
export interface ProduceAnswer {
  readonly topics: readonly { readonly topicName: string; readonly partitions: readonly StoredBatch[] }[];
}

/** What kafkajs has and does not declare. */
interface RequestingBroker extends Broker {
  lookupRequest(
    apiKey: number,
    definition: unknown,
  ): (request: unknown) => { readonly request: unknown; readonly response: object };
}

const protocolErrors = createRequire(import.meta.url)('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): Error;
};

/** The error of a partition that did not take its batch. */
export const refusalOfPartition = (code: number): Error => protocolErrors.createErrorFromCode(code);

/**
 * A broker that takes from each partition what it can answers for each. kafkajs throws such an answer away as soon as one
 * partition refused, and what the others stored would be sent and stored again. Here the answer is given as it came.
 */
export const askToProduce = (broker: Broker, request: Parameters<Broker['produce']>[0]): Promise<ProduceAnswer> => {
  const known = broker as RequestingBroker;
  const lookupRequest: RequestingBroker['lookupRequest'] = (apiKey, definition) => {
    const newRequest = known.lookupRequest(apiKey, definition);
    return (asked) => {
      const { request: sent, response } = newRequest(asked);
      return { request: sent, response: { ...response, parse: async (answer: unknown) => answer } };
    };
  };
  const unparsing = Object.create(known, { lookupRequest: { value: lookupRequest } }) as Broker;
  return unparsing.produce(request) as unknown as Promise<ProduceAnswer>;
};
