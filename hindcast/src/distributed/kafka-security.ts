import type { KafkaEventLogOptions } from '@hindcast/adapters/kafka';
import type { ReadText } from '../secret-files.ts';
import type { Config } from '../settings.ts';
import { checkPemFiles } from './pem-files.ts';

type KafkaSettings = Pick<
  Config,
  | 'kafkaSsl'
  | 'kafkaSslCa'
  | 'kafkaSslCert'
  | 'kafkaSslKey'
  | 'kafkaSaslMechanism'
  | 'kafkaSaslUsername'
  | 'kafkaSaslPassword'
>;

export interface KafkaSecurity {
  readonly options: Pick<KafkaEventLogOptions, 'ssl' | 'sasl'>;
  /** One sentence each: what does not go together, and what to do. */
  readonly problems: readonly string[];
}

/** What the log on Kafka is opened with, so that the two know each other. */
export const kafkaSecurity = (config: KafkaSettings, readText: ReadText): KafkaSecurity => {
  const { kafkaSsl, kafkaSslCa, kafkaSslCert, kafkaSslKey } = config;
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername: username, kafkaSaslPassword: password } = config;
  const wishes = {
    ca: { env: 'KAFKA_SSL_CA', path: kafkaSslCa },
    cert: { env: 'KAFKA_SSL_CERT', path: kafkaSslCert },
    key: { env: 'KAFKA_SSL_KEY', path: kafkaSslKey },
  };
  const { files, problems } = checkPemFiles(wishes, readText);
  const named = Object.values(wishes).flatMap(({ env, path }) => (path === undefined ? [] : [env]));
  const halfTls = !kafkaSsl && named.length > 0 ? [`${named.join(', ')} is of no use without KAFKA_SSL=true.`] : [];
  const whole = mechanism !== undefined && username !== undefined && password !== undefined;
  return {
    options: {
      ...(kafkaSsl ? { ssl: { ...files } } : {}),
      ...(whole ? { sasl: { mechanism, username, password } } : {}),
    },
    problems: [...problems, ...halfTls, ...halfLogin({ mechanism, username, password })],
  };
};

const loginVariables = {
  mechanism: 'KAFKA_SASL_MECHANISM',
  username: 'KAFKA_SASL_USERNAME',
  password: 'KAFKA_SASL_PASSWORD (or KAFKA_SASL_PASSWORD_FILE)',
} as const;

const halfLogin = (login: Readonly<Record<keyof typeof loginVariables, string | undefined>>): string[] => {
  const names = Object.keys(loginVariables) as (keyof typeof loginVariables)[];
  const missing = names.filter((name) => login[name] === undefined);
  if (missing.length === 0 || missing.length === names.length) return [];
  const set = names.filter((name) => !missing.includes(name));
  const variables = (of: typeof names) => of.map((name) => loginVariables[name]).join(' and ');
  return [`${variables(set)} needs ${variables(missing)} too: set all three, or none of them.`];
};
