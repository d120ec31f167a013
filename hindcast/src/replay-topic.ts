import {
  eventData,
  jobEventData,
  modelEventData,
  predictionEventData,
  TOPICS,
  type Topic,
  unknownEventTypeDetail,
} from '@hindcast/domain';
import { usage } from './cli-failure.ts';

/** Topics as people and the API call them. */
export const replayTopics = {
  predictions: TOPICS.predictions,
  models: TOPICS.models,
  jobs: TOPICS.jobs,
  audit: TOPICS.audit,
  'dead-letters': TOPICS.deadLetters,
} as const satisfies Record<string, Topic>;
export type ReplayTopic = keyof typeof replayTopics;

/** Where events of a type are; undefined where every topic may have them. */
const homeOf = (type: string): ReplayTopic | undefined => {
  if (Object.hasOwn(predictionEventData, type)) return 'predictions';
  if (Object.hasOwn(jobEventData, type)) return 'jobs';
  if (type === 'AuditCheckpointSigned') return 'audit';
  return Object.hasOwn(modelEventData, type) ? 'models' : undefined;
};

/**
 * The topic of a replay: the one that was named, else the one that the types are in.
 * @throws CliFailure `usage` for a type that is none, and where some of the types cannot be in the topic
 */
export const topicOf = (types: readonly string[], named: ReplayTopic | undefined): ReplayTopic => {
  const unknown = types.find((type) => !Object.hasOwn(eventData, type));
  if (unknown !== undefined) throw usage(unknownEventTypeDetail(unknown));
  const topic = named ?? types.map(homeOf).find((home) => home !== undefined) ?? 'predictions';
  if (topic === 'dead-letters') return topic;
  const elsewhere = types.find((type) => (homeOf(type) ?? topic) !== topic);
  if (elsewhere === undefined) return topic;
  throw usage(`${elsewhere} is in the topic ${homeOf(elsewhere)}, not in ${topic}: replay one topic after the other.`);
};
