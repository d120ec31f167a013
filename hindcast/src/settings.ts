import { type Static, type TSchema, Type } from '@sinclair/typebox';

/** One setting: how it is named in the environment and on the command line, and what it may be. */
export interface Setting<S extends TSchema = TSchema> {
  readonly schema: S;
  readonly env: string;
  /** Without the dashes; undefined where only the environment can say it. */
  readonly flag?: string;
  readonly description: string;
  /** Shown where the default depends on the machine. */
  readonly defaultText?: string;
  /** Never printed. */
  readonly secret?: true;
  /** Read by the commands that talk to a running Hindcast, not by `start`. */
  readonly client?: true;
  /** A name that people know from elsewhere and that this version cannot honour. */
  readonly notYet?: true;
}

const setting = <S extends TSchema>(schema: S, about: Omit<Setting, 'schema'>): Setting<S> => ({ schema, ...about });
const mebibyte = 1_048_576;
const oneOf = <const Name extends string>(names: readonly Name[], preset: NoInfer<Name>) =>
  Type.Union(
    names.map((name) => Type.Literal(name)),
    { default: preset },
  );

/** Every setting of this version. The start-up check, `hindcast config` and the README's table come from here. */
export const SETTINGS = {
  port: setting(Type.Integer({ minimum: 0, maximum: 65_535, default: 8080 }), {
    env: 'PORT',
    flag: 'port',
    description: 'Port of the HTTP API; 0 takes a free one',
  }),
  host: setting(Type.String({ minLength: 1, maxLength: 255, default: '127.0.0.1' }), {
    env: 'HOST',
    flag: 'host',
    description: 'Address to listen on. There are no accounts yet: whoever reaches it may do everything',
  }),
  data: setting(Type.String({ minLength: 1, maxLength: 4096, default: './data' }), {
    env: 'HINDCAST_DATA',
    flag: 'data',
    description: 'Folder of the log, the views and the models',
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
  partitions: setting(Type.Integer({ minimum: 1, maximum: 64, default: 4 }), {
    env: 'HINDCAST_PARTITIONS',
    flag: 'partitions',
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
    description: 'Time a prediction has to end, where neither the request nor its model says another',
  }),
  inferenceTimeoutMs: setting(Type.Integer({ minimum: 1, maximum: 3_600_000, default: 10_000 }), {
    env: 'HINDCAST_INFERENCE_TIMEOUT_MS',
    flag: 'inference-timeout-ms',
    description: 'Time one run of a model may take before its process is killed, where the model says no other',
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
  shutdownMs: setting(Type.Integer({ minimum: 100, maximum: 600_000, default: 20_000 }), {
    env: 'HINDCAST_SHUTDOWN_MS',
    flag: 'shutdown-ms',
    description: 'Time to finish open requests after SIGTERM or SIGINT',
  }),
  url: setting(Type.String({ pattern: '^https?://[^/]+/?$', default: 'http://127.0.0.1:8080' }), {
    env: 'HINDCAST_URL',
    flag: 'url',
    client: true,
    description: 'The Hindcast that commands such as `predict` talk to',
  }),
  kafkaBrokers: setting(Type.Optional(Type.String()), {
    env: 'KAFKA_BROKERS',
    secret: true,
    notYet: true,
    description: 'Refused: this version has the embedded run only',
  }),
  mongodbUri: setting(Type.Optional(Type.String()), {
    env: 'MONGODB_URI',
    secret: true,
    notYet: true,
    description: 'Refused: this version has the embedded run only',
  }),
  redisUrl: setting(Type.Optional(Type.String()), {
    env: 'REDIS_URL',
    secret: true,
    notYet: true,
    description: 'Refused: this version has the embedded run only',
  }),
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
