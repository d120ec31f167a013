import type { RedisOptions } from '@hindcast/adapters/redis';
import type { ReadText } from '../secret-files.ts';
import type { Config } from '../settings.ts';
import { checkPemFiles } from './pem-files.ts';
import { uriProblems } from './service-uri.ts';

type RedisSettings = Pick<Config, 'redisUrl' | 'redisSslCa' | 'redisSslCert' | 'redisSslKey'>;

export interface RedisSecurity {
  readonly options: Pick<RedisOptions, 'tls'>;
  readonly problems: readonly string[];
}

/** What the link to Redis is opened with, besides its URL, which has user and password. */
export const redisSecurity = (config: RedisSettings, readText: ReadText): RedisSecurity => {
  const { redisUrl, redisSslCa, redisSslCert, redisSslKey } = config;
  const wishes = {
    ca: { env: 'REDIS_SSL_CA', path: redisSslCa },
    cert: { env: 'REDIS_SSL_CERT', path: redisSslCert },
    key: { env: 'REDIS_SSL_KEY', path: redisSslKey },
  };
  const { files, problems } = checkPemFiles(wishes, readText);
  const named = Object.values(wishes).flatMap(({ env, path }) => (path === undefined ? [] : [env]));
  const half =
    named.length > 0 && !redisUrl?.startsWith('rediss:')
      ? [`${named.join(', ')} is of no use where REDIS_URL does not begin with rediss://, which is TLS.`]
      : [];
  const torn = uriProblems('REDIS_URL', redisUrl);
  const noUrl =
    redisUrl === undefined || URL.canParse(redisUrl)
      ? []
      : [
          'REDIS_URL is no URL; it looks like rediss://user:password@redis:6379, and may end in the number of a database.',
        ];
  return {
    options: named.length > 0 ? { tls: files } : {},
    problems: [...problems, ...half, ...(torn.length > 0 ? torn : noUrl)],
  };
};
