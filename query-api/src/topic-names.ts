import { TOPICS, type Topic } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';

/** Topics as the API calls them. */
export const topics = {
  predictions: TOPICS.predictions,
  models: TOPICS.models,
  jobs: TOPICS.jobs,
  audit: TOPICS.audit,
  'dead-letters': TOPICS.deadLetters,
} as const satisfies Record<string, Topic>;
export type TopicName = keyof typeof topics;
const topicNames = Object.keys(topics) as TopicName[];

export const topicNameSchema = (description: string) =>
  Type.Union(
    topicNames.map((name) => Type.Literal(name)),
    { description },
  );
