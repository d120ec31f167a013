import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { securitySettings } from './security-settings.ts';
import type { Setting } from './setting.ts';

export type { Setting } from './setting.ts';

const setting = <S extends TSchema>(schema: S, about: Omit<Setting, 'schema'>): Setting<S> => ({ schema, ...about });
const mebibyte = 1_048_576;
const oneOf = <const Name extends string>(names: readonly Name[], preset: NoInfer<Name>) =>
  Type.Union(
    names.map((name) => Type.Literal(name)),
    { default: preset },
  );

/** Every setting of this version. The start-up check, `npx hindcast config` and the README's table come from here. */
export const SETTINGS = {
  port: setting(Type.Integer({ minimum: 0, maximum: 65_535, default: 8080 }), {
    env: 'PORT',
    flag: 'port',
    description: 'Port of the HTTP API; 0 takes a free one',
  }),
  host: setting(Type.String({ minLength: 1, maxLength: 255, default: '127.0.0.1' }), {
    env: 'HOST',
    flag: 'host',
    description:
      'Address to listen on. There are no accounts yet: whoever reaches it may do everything, of which a start beyond loopback warns',
  }),
  data: setting(Type.String({ minLength: 1, maxLength: 4096, default: './data' }), {
    env: 'HINDCAST_DATA',
    flag: 'data',
    description:
      'Folder of the log, the views and the models; in a distributed run of copies of models, which may be lost',
  }),
  memory: setting(Type.Boolean({ default: false }), {
    env: 'HINDCAST_MEMORY',
    flag: 'memory',
    description: 'Keep nothing: everything is lost when the process ends',
  }),
  logLevel: setting(oneOf(['debug', 'info', 'warn', 'error', 'silent'], 'info'), {
    env: 'LOG_LEVEL',
    flag: 'log-level',
    description: 'Least severe line of the process log',
  }),
  logFormat: setting(oneOf(['auto', 'text', 'json'], 'auto'), {
    env: 'HINDCAST_LOG_FORMAT',
    flag: 'log-format',
    description: 'auto: text for people on a terminal, JSON lines otherwise',
  }),
  partitions: setting(Type.Integer({ minimum: 1, maximum: 64 }), {
    env: 'HINDCAST_PARTITIONS',
    flag: 'partitions',
    defaultText: '4 embedded, 12 distributed',
    description: 'Partitions of a new log; a log keeps the number it was created with',
  }),
  children: setting(Type.Integer({ minimum: 1, maximum: 64 }), {
    env: 'HINDCAST_CHILDREN',
    flag: 'children',
    defaultText: 'one per core, at least 2',
    description: 'Processes that run models',
  }),
  deadlineMs: setting(Type.Integer({ minimum: 1, maximum: 604_800_000, default: 600_000 }), {
    env: 'HINDCAST_DEADLINE_MS',
    flag: 'deadline-ms',
    description:
      'Time a prediction has to end, unless the request (header `Cancel-After`) or its model (`?deadlineMs=`) sets its own',
  }),
  inferenceTimeoutMs: setting(Type.Integer({ minimum: 1, maximum: 3_600_000, default: 10_000 }), {
    env: 'HINDCAST_INFERENCE_TIMEOUT_MS',
    flag: 'inference-timeout-ms',
    description: 'Time one run of a model may take before its process is killed, unless the model sets its own',
  }),
  modelMemoryBytes: setting(
    Type.Integer({ minimum: 64 * mebibyte, maximum: 1_048_576 * mebibyte, default: 2_048 * mebibyte }),
    {
      env: 'HINDCAST_MODEL_MEMORY_BYTES',
      flag: 'model-memory-bytes',
      description: 'Memory of one process that runs models, where the system can limit it (`prlimit`)',
    },
  ),
  modelBytesMax: setting(Type.Integer({ minimum: 1_024, maximum: 16_384 * mebibyte, default: 512 * mebibyte }), {
    env: 'HINDCAST_MODEL_BYTES_MAX',
    flag: 'model-bytes-max',
    description: 'Largest model file that is accepted',
  }),
  openMax: setting(Type.Integer({ minimum: 1, maximum: 10_000_000, default: 100_000 }), {
    env: 'HINDCAST_OPEN_MAX',
    flag: 'open-max',
    description: 'Predictions that may wait or run at once, half of them of one model; more are refused with 503',
  }),
  audit: setting(Type.Boolean({ default: true }), {
    env: 'HINDCAST_AUDIT',
    description: 'Sign checkpoints of the log, by which changes to it are found',
  }),
  auditKey: setting(Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })), {
    env: 'HINDCAST_AUDIT_KEY',
    secret: true,
    defaultText: 'made in the data folder; none in a distributed run',
    description: 'Private Ed25519 key in PEM form that checkpoints are signed with',
  }),
  verifySample: setting(Type.Number({ minimum: 0, maximum: 1, default: 0 }), {
    env: 'HINDCAST_VERIFY_SAMPLE',
    flag: 'verify-sample',
    description: 'Share of the predictions of each hour that workers run again and compare, such as 0.01. 0: none',
  }),
  rateLimit: setting(Type.Integer({ minimum: 0, maximum: 10_000_000, default: 0 }), {
    env: 'HINDCAST_RATE_LIMIT',
    flag: 'rate-limit',
    description: 'Requests that one client address may send in a minute; more are refused with 429. 0: no limit',
  }),
  trustProxy: setting(Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })), {
    env: 'HINDCAST_TRUST_PROXY',
    flag: 'trust-proxy',
    example: 'loopback,10.0.0.0/8',
    description: 'Addresses and networks of balancers in front, whose `X-Forwarded-For` says who the client is',
  }),
  redactionKey: setting(Type.Optional(Type.String({ minLength: 16, maxLength: 1_024 })), {
    env: 'HINDCAST_REDACTION_KEY',
    secret: true,
    example: 'the output of `openssl rand -hex 32`',
    description: 'Key by which data sets hash personal fields, the same in every process; nothing of it is kept',
  }),
  datasetMemoryBytes: setting(
    Type.Integer({ minimum: 128 * mebibyte, maximum: 1_048_576 * mebibyte, default: 256 * mebibyte }),
    {
      env: 'HINDCAST_DATASET_MEMORY_BYTES',
      flag: 'dataset-memory-bytes',
      description: 'Memory that cutting a data set may take beside the rest; what does not fit goes to disk',
    },
  ),
  shutdownMs: setting(Type.Integer({ minimum: 100, maximum: 600_000, default: 20_000 }), {
    env: 'HINDCAST_SHUTDOWN_MS',
    flag: 'shutdown-ms',
    description: 'Time to finish open requests after SIGTERM or SIGINT',
  }),
  drainNoticeMs: setting(Type.Integer({ minimum: 0, maximum: 120_000, default: 0 }), {
    env: 'HINDCAST_DRAIN_NOTICE_MS',
    flag: 'drain-notice-ms',
    description:
      'Time before that in which it still takes requests and says draining at `/readyz`, for balancers that look there',
  }),
  url: setting(Type.String({ pattern: '^https?://[^/,]+/?(,https?://[^/,]+/?)?$', default: 'http://127.0.0.1:8080' }), {
    env: 'HINDCAST_URL',
    flag: 'url',
    client: true,
    example: 'http://127.0.0.1:8080, or http://query:8080,http://command:8080',
    description:
      'The Hindcast that commands such as `predict` talk to; without a balancer the addresses of a query API and, behind a comma, of a command API',
  }),
  kafkaBrokers: setting(
    Type.Optional(Type.String({ pattern: '^[^\\s,:/]+:\\d+(,[^\\s,:/]+:\\d+)*$', maxLength: 4096 })),
    {
      env: 'KAFKA_BROKERS',
      service: true,
      example: 'kafka-1:9092,kafka-2:9092',
      description: 'Distributed run: some brokers of the Kafka that holds the log',
    },
  ),
  mongodbUri: setting(Type.Optional(Type.String({ pattern: '^mongodb(\\+srv)?://.+$', maxLength: 4096 })), {
    env: 'MONGODB_URI',
    secret: true,
    service: true,
    example: 'mongodb://user:password@mongo-1,mongo-2/?replicaSet=rs0',
    description: 'Distributed run: the MongoDB that holds the views and the models',
  }),
  redisUrl: setting(Type.Optional(Type.String({ pattern: '^rediss?://.+$', maxLength: 4096 })), {
    env: 'REDIS_URL',
    secret: true,
    service: true,
    example: 'redis://user:password@redis:6379',
    description: 'Distributed run: the Redis that holds what may be lost',
  }),
  topicPrefix: setting(Type.String({ pattern: '^[A-Za-z0-9._-]{0,100}$', default: '' }), {
    env: 'HINDCAST_TOPIC_PREFIX',
    flag: 'topic-prefix',
    example: 'staging-',
    description:
      'Put before the names of topics and groups, so that one Kafka can hold several logs: letters, digits, points, dashes, underscores',
  }),
  replicationFactor: setting(Type.Integer({ minimum: 1, maximum: 32, default: 3 }), {
    env: 'HINDCAST_REPLICATION_FACTOR',
    flag: 'replication-factor',
    description: 'Brokers that hold each record; with 1 an acknowledged prediction is lost with its disk',
  }),
  minInsyncReplicas: setting(Type.Integer({ minimum: 1, maximum: 32 }), {
    env: 'HINDCAST_MIN_INSYNC_REPLICAS',
    flag: 'min-insync-replicas',
    defaultText: 'one less than the replication factor, at least 1',
    description: 'Brokers that must have a record before it is acknowledged',
  }),
  compression: setting(oneOf(['none', 'gzip'], 'none'), {
    env: 'HINDCAST_COMPRESSION',
    flag: 'compression',
    description:
      'How what is written to Kafka is compressed; gzip takes processor time here for room and network there',
  }),
  sessionTimeoutMs: setting(Type.Integer({ minimum: 6_000, maximum: 300_000, default: 10_000 }), {
    env: 'HINDCAST_SESSION_TIMEOUT_MS',
    flag: 'session-timeout-ms',
    description: 'Silence after which the partitions of a worker or projector go to others',
  }),
  database: setting(Type.String({ pattern: '^(?!(admin|config|local)$)[A-Za-z0-9_-]{1,63}$', default: 'hindcast' }), {
    env: 'HINDCAST_DATABASE',
    flag: 'database',
    example: 'hindcast',
    description: 'Database in MongoDB, of one log alone',
  }),
  ...securitySettings,
} as const;

type Settings = typeof SETTINGS;
export type SettingName = keyof Settings;
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** The whole configuration as one schema. */
export const configSchema = Type.Object(
  Object.fromEntries(SETTING_NAMES.map((name) => [name, SETTINGS[name].schema])) as {
    [Name in SettingName]: Settings[Name]['schema'];
  },
  { additionalProperties: false },
);
export type Config = Readonly<Static<typeof configSchema>>;

/** The configuration of a process that finds its services through the environment. */
export type DistributedConfig = Config & Readonly<Record<'kafkaBrokers' | 'mongodbUri' | 'redisUrl', string>>;
