import { nearNames } from '@hindcast/domain';
import type { TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { securityProblems } from './distributed/service-security.ts';
import { proxyProblems } from './proxy-addresses.ts';
import { fileVariable, type ReadText, readTextFile, secretOf } from './secret-files.ts';
import {
  type Config,
  type DistributedConfig,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
} from './settings.ts';
import { withoutSecrets } from './without-secrets.ts';

export type Origin = 'default' | 'environment' | 'file' | 'flag';

export interface Effective {
  readonly name: SettingName;
  readonly value: unknown;
  readonly origin: Origin;
}

/** What the environment and the flags come to: either every problem at once, or a whole configuration. */
export interface Resolved {
  readonly effective: readonly Effective[];
  /** One sentence each: the name, what was given, what is allowed. */
  readonly problems: readonly string[];
  /** undefined where there are problems. */
  readonly config: Config | undefined;
}

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As the command line gave them, by setting. */
  readonly flags: Readonly<Partial<Record<SettingName, string | boolean>>>;
  /** Of this machine: the default number of inference processes. */
  readonly cores: number;
  /** Of secrets and certificates. */
  readonly readText?: ReadText;
}

/** A flag beats the environment, which beats the default. An empty variable counts as not set. */
export const resolveConfig = ({ env, flags, cores, readText = readTextFile }: ConfigSources): Resolved => {
  const problems: string[] = [];
  let lostSecret = false;
  const effective = SETTING_NAMES.map((name): Effective => {
    const setting: Setting = SETTINGS[name];
    const flag = flags[name];
    if (flag !== undefined) return { name, value: read(setting, String(flag), `--${setting.flag}`), origin: 'flag' };
    if (setting.secret) return secret(name, setting);
    const given = env[setting.env];
    if (given !== undefined && given !== '') {
      return { name, value: read(setting, given, setting.env), origin: 'environment' };
    }
    return { name, value: setting.schema['default'], origin: 'default' };
  });
  const given = new Map(effective.map(({ name, value }) => [name, value]));
  for (const [at, one] of effective.entries()) {
    const preset = presets[one.name];
    if (one.value === undefined && preset) effective[at] = { ...one, value: preset(given, cores) };
  }

  function read(setting: Setting, text: string, called: string): unknown {
    const value = parse(setting.schema, text);
    if (!Value.Check(setting.schema, value)) {
      const shown = setting.secret ? '(not shown)' : withoutSecrets(JSON.stringify(text));
      problems.push(`${called} is ${shown}; allowed: ${allowed(setting)}.`);
    }
    return value;
  }

  function secret(name: SettingName, setting: Setting): Effective {
    const found = secretOf(setting.env, env, readText);
    if (found === undefined) return { name, value: undefined, origin: 'default' };
    if (!('problem' in found)) {
      return { name, value: read(setting, found.value, setting.env), origin: found.origin };
    }
    lostSecret = true;
    problems.push(found.problem);
    return { name, value: undefined, origin: 'file' };
  }

  const values = Object.fromEntries(effective.filter((e) => e.value !== undefined).map((e) => [e.name, e.value]));
  // A secret whose file could not be read is not a missing one.
  if (!lostSecret) problems.push(...halfDistributed(effective), ...securityProblems(values as Config, readText));
  const byName = new Map(effective.map((one) => [one.name, one]));
  problems.push(...proxyProblemsOf(byName.get('trustProxy')), ...memoryOnServices(values as Config));
  problems.push(...memoryInFolder(byName), ...unknownVariables(env));
  return { effective, problems, config: problems.length === 0 ? (values as Config) : undefined };
};

const parse = (schema: TSchema, text: string): unknown => {
  if (schema['type'] === 'integer') return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
  if (schema['type'] === 'number') return /^-?\d{1,16}(\.\d{1,16})?$/.test(text) ? Number(text) : text;
  if (schema['type'] === 'boolean') return { true: true, false: false, 1: true, 0: false }[text] ?? text;
  return text;
};

/** The values a setting takes, in words. */
export const allowed = ({ schema, example }: Pick<Setting, 'schema' | 'example'>): string => {
  if (schema['type'] === 'integer') return `a whole number from ${schema['minimum']} to ${schema['maximum']}`;
  if (schema['type'] === 'number') return `a number from ${schema['minimum']} to ${schema['maximum']}`;
  if (schema['type'] === 'boolean') return 'true or false';
  if (Array.isArray(schema['anyOf'])) return schema['anyOf'].map((option: TSchema) => option['const']).join(', ');
  return example === undefined ? 'a text that is not empty' : `something like ${example}`;
};

/** Defaults that follow from the machine, or from other settings. */
const presets: Readonly<
  Partial<Record<SettingName, (given: ReadonlyMap<SettingName, unknown>, cores: number) => unknown>>
> = {
  children: (_, cores) => Math.max(2, Math.min(cores, 64)),
  partitions: (given) => (given.get('kafkaBrokers') === undefined ? 4 : 12),
  minInsyncReplicas: (given) => Math.max(1, Number(given.get('replicationFactor')) - 1),
};

/** The services that a distributed run needs. */
const services = SETTING_NAMES.filter((name) => (SETTINGS[name] as Setting).service);
const variables = (of: readonly SettingName[]) => of.map((name) => SETTINGS[name].env).join(', ');

/** Where they are is said by these. */
export const serviceVariables = variables(services);

/** Whether the settings name the services of a distributed run. */
export const isDistributed = (config: Config): config is DistributedConfig =>
  services.every((name) => config[name] !== undefined);

const halfDistributed = (effective: readonly Effective[]): string[] => {
  const missing = services.filter((name) => effective.every((e) => e.name !== name || e.value === undefined));
  if (missing.length === 0 || missing.length === services.length) return [];
  const set = services.filter((name) => !missing.includes(name));
  return [
    `${variables(set)} ${set.length === 1 ? 'asks' : 'ask'} for a distributed run, which also needs ${variables(missing)}. ` +
      `Set all of them, or none to run embedded, where no Kafka, MongoDB or Redis is needed.`,
  ];
};

const proxyProblemsOf = (trustProxy: Effective | undefined): string[] =>
  trustProxy ? proxyProblems(trustProxy.value, calledBy(trustProxy)) : [];

const memoryOnServices = (config: Config): string[] => {
  if (!config.memory || !isDistributed(config)) return [];
  const { env, flag } = SETTINGS.memory;
  return [`${env} (--${flag}) asks to keep nothing, and ${serviceVariables} for a log on services, which keep it.`];
};

/** A flag beats a variable: what is to be kept nowhere for once may have a folder otherwise. */
const memoryInFolder = (effective: ReadonlyMap<SettingName, Effective>): string[] => {
  const [memory, data] = [effective.get('memory'), effective.get('data')];
  if (memory?.value !== true || !data || data.origin === 'default') return [];
  if (memory.origin === 'flag' && data.origin !== 'flag') return [];
  return [
    `${calledBy(memory)} asks to keep nothing, and ${calledBy(data)} names a folder to keep it in. Leave one out.`,
  ];
};

/** As whoever gave it knows it. */
const calledBy = ({ name, origin }: Effective): string => {
  const { env, flag }: Setting = SETTINGS[name];
  return origin === 'flag' ? `--${flag}` : env;
};

/** Some settings have no prefix, and one that is common to two names makes them alike. */
const bare = (name: string): string => name.replace(/^HINDCAST_/, '');

const unknownVariables = (env: ConfigSources['env']): string[] => {
  const known = SETTING_NAMES.map((name): Setting => SETTINGS[name]).flatMap(({ env, secret }) =>
    secret ? [env, fileVariable(env)] : [env],
  );
  return Object.keys(env)
    .filter((name) => name.startsWith('HINDCAST_') && !known.includes(name))
    .sort()
    .map((name) => {
      const near = nearNames(bare(name), known.map(bare)).flatMap((meant) =>
        known.filter((one) => bare(one) === meant),
      );
      return near.length > 0
        ? `${name} is not a setting. Did you mean ${near.join(' or ')}?`
        : `${name} is not a setting. \`npx hindcast config\` lists all of them.`;
    });
};
