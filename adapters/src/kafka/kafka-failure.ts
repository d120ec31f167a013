import { tlsTroubleOf } from '../node/index.ts';
import { BrokerSilent } from './deadline.ts';

/** What kafkajs tells of a failure, wherever in the chain of causes it says so. */
export interface KafkaFailure {
  /** Kafka's name of the error, such as `REBALANCE_IN_PROGRESS`; undefined where no broker answered. */
  readonly type: string | undefined;
  /** Whether the same request may succeed later. */
  readonly passing: boolean;
  /** The request was sent, and no answer came in time. */
  readonly timedOut: boolean;
  readonly message: string;
}

const causesMax = 5;
const bugs: ReadonlySet<string> = new Set(['RangeError', 'ReferenceError', 'SyntaxError', 'TypeError']);

interface KafkaError extends Error {
  readonly type?: string;
  /** Of several topics; one of them is enough to know what is wrong. */
  readonly errors?: readonly Error[];
  readonly retriable?: boolean;
}

export const failureOf = (error: unknown): KafkaFailure => {
  const told = error instanceof Error ? error.message : String(error);
  let at = error;
  let passing = true;
  let timedOut = false;
  for (let depth = 0; depth < causesMax && at instanceof Error; depth++) {
    const { name, type, retriable, message, errors } = at as KafkaError;
    if (type !== undefined) return { type, passing: retriable !== false, timedOut: false, message };
    // kafkajs wraps what it gave up in an error that is not to be tried again: its cause knows better.
    passing = retriable !== false && !bugs.has(name);
    timedOut ||= name === 'KafkaJSRequestTimeoutError' || at instanceof BrokerSilent;
    at = errors?.[0] ?? at.cause;
  }
  return { type: undefined, passing, timedOut, message: told };
};

const refusedUser = 'KafkaJSSASLAuthenticationError';

/**
 * Why Kafka lets this process not in, or not do what it asked: nothing that passes by itself. undefined where that was
 * not it.
 */
export const refusedAccess = (error: unknown): string | undefined => {
  const trust = tlsTroubleOf(error);
  if (trust !== undefined) return `There is no trust between this process and Kafka: ${trust}.`;
  const { type, message } = failureOf(error);
  if (type?.endsWith('AUTHORIZATION_FAILED')) return `Kafka does not allow this user what is needed here: ${message}.`;
  let at = error;
  for (let depth = 0; depth < causesMax && at instanceof Error; depth++) {
    if (at.name === refusedUser) return `Kafka does not know this user by this password: ${at.message}.`;
    at = at.cause;
  }
  return undefined;
};

/** Brokers, and the library, say no more than that to somebody who comes in another way than the listener asks for. */
const wrongWays: readonly (readonly [said: string, hint: string])[] = [
  [
    'Closed connection',
    'A broker that asks for TLS or for a user closes the connections of those who come without (KAFKA_SSL, KAFKA_SASL_MECHANISM).',
  ],
  [
    'before secure TLS connection was established',
    'A listener without TLS breaks off like that: leave KAFKA_SSL out, or name a listener with TLS in KAFKA_BROKERS.',
  ],
  [
    'not valid given the current SASL state',
    'A listener that asks for no user answers like that: leave KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD out, or name a listener with SASL in KAFKA_BROKERS.',
  ],
];

/** What a failure says, as sentences, with what to set where that may be the reason. */
export const explained = (error: unknown): string => {
  const { message } = failureOf(error);
  const hint = wrongWays.find(([said]) => message.includes(said))?.[1];
  return `${message.replace(/\.$/, '')}.${hint === undefined ? '' : ` ${hint}`}`;
};
