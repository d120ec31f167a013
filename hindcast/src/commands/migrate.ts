import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import type { Command, OptionValues } from 'commander';
import { failed, usage } from '../cli-failure.ts';
import { allowed, resolveConfig } from '../config.ts';
import { kafkaSecurity } from '../distributed/kafka-security.ts';
import { describeMigration } from '../migrate/describe-migration.ts';
import type { MigrationOptions } from '../migrate/migrate-log.ts';
import { createMigrationProgress } from '../migrate/migration-progress.ts';
import { fileVariable, readTextFile, secretOf } from '../secret-files.ts';
import { serviceFailure } from '../service-failure.ts';
import { SETTINGS, type SettingName } from '../settings.ts';
import { voiceOf } from '../terminal.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { type CliContext, command, settingFlags, withSettings } from './cli-context.ts';

const settings: readonly SettingName[] = ['data', 'topicPrefix', 'replicationFactor', 'minInsyncReplicas', 'database'];
/** How this process is let in by Kafka. */
const kafkaLogin: readonly SettingName[] = [
  ...(['kafkaSsl', 'kafkaSslCa', 'kafkaSslCert', 'kafkaSslKey'] as const),
  ...(['kafkaSaslMechanism', 'kafkaSaslUsername', 'kafkaSaslPassword'] as const),
];

export const migrateCommand = (context: CliContext): Command =>
  withSettings(
    command(
      'migrate',
      'Copy the log of a folder to Kafka, and its files to MongoDB, so that Hindcast can go on there',
      'npx hindcast migrate --to kafka://kafka-1:9092,kafka-2:9092 --artifacts-to mongodb://mongo-1/',
      'npx hindcast migrate --to kafka://kafka-1:9092 --partitions 12 --dry-run',
      'npx hindcast migrate --to kafka://kafka-1:9092 --verify       # compare again, change nothing',
    ).requiredOption('--to <address>', 'some brokers of the Kafka: kafka://host:port,host:port'),
    settings,
  )
    .option('--partitions <value>', 'as many of predictions, in a new epoch; positions that clients hold end with it')
    .option('--artifacts-to <uri>', `the MongoDB for files of models and large payloads (${SETTINGS.mongodbUri.env})`)
    .option('--without-artifacts', 'leave those files behind, although predictions need them')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--verify', 'compare folder and copy, and change nothing')
    .option('--json', 'print nothing but JSON on stdout')
    .action(async (options: OptionValues) => {
      const voice = voiceOf(context.terminal, options['json'] === true);
      const migration = await migrationOf(options, context);
      const { migrateLog } = await import('../migrate/migrate-log.ts');
      const progress = createMigrationProgress(voice, context.terminal.now);
      const result = await migrateLog({ ...migration, progress }).catch((error: unknown) => {
        throw migrationFailure(migration, error);
      });
      voice.answer(result, describeMigration(result));
    });

const migrationOf = async (
  options: OptionValues,
  { terminal: { env, now }, cores }: CliContext,
): Promise<Omit<MigrationOptions, 'progress'>> => {
  if (options['dryRun'] && options['verify']) throw usage('Say --dry-run or --verify, not both.');
  const brokers = /^kafka:\/\/([^\s,:/@]+:\d+(?:,[^\s,:/@]+:\d+)*)\/?$/.exec(String(options['to']))?.[1];
  if (!brokers) {
    const said = withoutSecrets(String(options['to']));
    throw usage(
      `--to is "${said}"; write it like kafka://host:port,host:port. A user and a password are settings of their own: see \`npx hindcast config\`, under KAFKA_.`,
    );
  }
  // Of the services only the MongoDB is asked for here, and all others are for what runs later.
  const variables = [...settings, ...kafkaLogin].flatMap((name) => {
    const variable = SETTINGS[name].env;
    return [variable, fileVariable(variable)].filter((one) => env[one] !== undefined);
  });
  const named = Object.fromEntries(variables.map((variable) => [variable, env[variable]]));
  const { config, problems, effective } = resolveConfig({ env: named, flags: settingFlags(options), cores });
  if (!config) throw usage(problems.join('\n'));
  const data = resolve(config.data);
  const folder = await stat(data).catch(() => undefined);
  if (!folder?.isDirectory()) throw usage(`There is no folder ${data}: name that of the log with --data.`);
  const { topicPrefix, replicationFactor, minInsyncReplicas, database } = config;
  const isRegrown = effective.some(({ name, origin }) => name === 'partitions' && origin === 'flag');
  const uri = options['withoutArtifacts'] ? undefined : mongoUri(options, env);
  return {
    data,
    to: `kafka://${brokers}`,
    kafka: {
      brokers: brokers.split(','),
      clientId: 'hindcast-migrate',
      ...kafkaSecurity(config, readTextFile).options,
      topicPrefix,
      replicationFactor,
      minInsyncReplicas,
      logger: silent,
    },
    partitions: isRegrown ? config.partitions : undefined,
    artifactsTo: uri === undefined ? undefined : { uri, database },
    withoutArtifacts: options['withoutArtifacts'] === true,
    mode: options['dryRun'] ? 'plan' : options['verify'] ? 'verify' : 'move',
    now,
  };
};

const migrationFailure = ({ artifactsTo }: Pick<MigrationOptions, 'artifactsTo'>, error: unknown): unknown => {
  // What is wrong with the folder is an error of the log too.
  if (!(error instanceof Error) || /^The (?:log|folder) /.test(error.message)) return error;
  const said = serviceFailure({ database: artifactsTo?.database ?? '', kafka: '--to' }, error);
  return said === undefined ? error : failed(said, error);
};

const mongoUri = (options: OptionValues, env: CliContext['terminal']['env']): string | undefined => {
  const secret = secretOf(SETTINGS.mongodbUri.env, env, readTextFile);
  if (secret && 'problem' in secret) throw usage(secret.problem);
  const given: unknown = options['artifactsTo'] ?? secret?.value;
  if (given === undefined || given === '') return undefined;
  if (Value.Check(SETTINGS.mongodbUri.schema, given)) return given;
  throw usage(`The address of the MongoDB (not shown) must be ${allowed(SETTINGS.mongodbUri)}.`);
};

/** What fails is said once, by what the command ends with. */
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
