import type { ReadText } from '../secret-files.ts';
import type { Config } from '../settings.ts';
import { kafkaSecurity } from './kafka-security.ts';
import { mongodbProblems } from './mongodb-security.ts';
import { redisSecurity } from './redis-security.ts';

/** All that is wrong with how the services are to be trusted and logged in to, before anybody dials. */
export const securityProblems = (config: Config, readText: ReadText): readonly string[] => [
  ...kafkaSecurity(config, readText).problems,
  ...mongodbProblems(config, readText),
  ...redisSecurity(config, readText).problems,
];
