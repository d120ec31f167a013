import { tlsTroubleOf } from '@hindcast/adapters/node';
import { LogError } from '@hindcast/domain';
import type { Config } from './settings.ts';
import { withoutSecrets } from './without-secrets.ts';

/** MongoDB's numbers of refusals. */
const unauthorized = 13;
const authenticationFailed = 18;
const otherWay =
  ' A server that asks for TLS closes the connections of those who come without, and one without TLS does not answer those who come with it: it is spoken where MONGODB_URI says tls=true.';

/** Where people see which service it is. */
export const whoSaysMore = '`npx hindcast doctor` asks each of them.';

/** Why a service kept this process from its work, and where to look; undefined for anything else. */
export const serviceFailure = (
  {
    database,
    kafka,
  }: Pick<Config, 'database'> & {
    /** Where its address is given, if it has one. */ readonly kafka: string | undefined;
  },
  error: Error,
): string | undefined => {
  if (error.name.startsWith('Mongo')) return ofMongo({ database }, error);
  if (!(error instanceof LogError || error.name.startsWith('KafkaJS'))) return undefined;
  if (error instanceof LogError && error.code === 'misconfigured' && error.cause !== undefined)
    return `${error.message} ${kafkaSettings}`;
  if (kafka === undefined || (error instanceof LogError && error.code !== 'unavailable')) return undefined;
  return `Kafka cannot be reached: ${error.message.replace(/\.$/, '')}. Its address is in ${kafka}. ${whoSaysMore}`;
};

const kafkaSettings = 'What `npx hindcast config` shows under KAFKA_ is how this process goes there.';

const ofMongo = ({ database }: Pick<Config, 'database'>, error: Error): string => {
  const trust = tlsTroubleOf(error);
  if (trust !== undefined) {
    return `There is no trust between this process and MongoDB: ${trust} (tlsCAFile, tlsCertificateKeyFile in MONGODB_URI).`;
  }
  const { code } = error as { code?: unknown };
  const message = withoutSecrets(error.message);
  if (code === authenticationFailed) {
    return 'MongoDB does not know the user in MONGODB_URI by that password; its authSource says where users are kept.';
  }
  if (code === unauthorized) {
    return `MongoDB does not allow the user in MONGODB_URI what is needed, the role readWrite in ${database}: ${message}.`;
  }
  if (error.name === 'MongoServerSelectionError') {
    const hint = /closed|selection timed out/.test(message) ? otherWay : '';
    return `MongoDB cannot be reached: ${message}.${hint} Its address is in MONGODB_URI. ${whoSaysMore}`;
  }
  return `MongoDB cannot be used as MONGODB_URI says: ${message}.`;
};
