import { tlsTroubleOf } from '@hindcast/adapters/node';
import { LogError } from '@hindcast/domain';
import type { Config } from './settings.ts';
import { withoutSecrets } from './without-secrets.ts';

/** MongoDB's numbers of refusals. */
const unauthorized = 13;
const authenticationFailed = 18;
const closesPlainText = ' A server that asks for TLS closes the connections of those who come without (tls=true).';

/** Why a service of a distributed run kept this process from starting, and where to look; undefined for anything else. */
export const serviceFailure = (config: Pick<Config, 'database'>, error: Error): string | undefined => {
  if (error instanceof LogError) {
    const isMistrust = error.code === 'misconfigured' && error.cause !== undefined;
    return isMistrust ? `Hindcast did not start. ${error.message} ${kafkaSettings}` : undefined;
  }
  return error.name.startsWith('Mongo') ? `Hindcast did not start. ${ofMongo(config, error)}` : undefined;
};

const kafkaSettings = 'What `hindcast config` shows under KAFKA_ is how this process goes there.';

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
    return `MongoDB cannot be reached: ${message}.${message.includes('closed') ? closesPlainText : ''}`;
  }
  return `MongoDB cannot be used as MONGODB_URI says: ${message}.`;
};
