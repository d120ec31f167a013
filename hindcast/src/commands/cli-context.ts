import { resolve } from 'node:path';
import type { ReadableLog } from '@hindcast/domain';
import { Command, type OptionValues } from 'commander';
import { type ApiClient, openApiClient } from '../api-client.ts';
import { usage } from '../cli-failure.ts';
import { resolveConfig } from '../config.ts';
import type { IsLocked } from '../doctor-checks.ts';
import type { StartHindcast } from '../running-hindcast.ts';
import { type Config, SETTING_NAMES, SETTINGS, type Setting, type SettingName } from '../settings.ts';
import { type Terminal, type Voice, voiceOf } from '../terminal.ts';

export type ClosableLog = ReadableLog & { close(): void };

/** What every command gets. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly version: string;
  readonly cores: number;
  /** Loaded only by what runs a process: the other commands stay quick. */
  readonly loadStart: () => Promise<StartHindcast>;
  /** The log of a data folder, to read only. */
  readonly openLog: (folder: string) => Promise<ClosableLog>;
  readonly isLocked: IsLocked;
}

/** A command whose help ends in an example that works. */
export const command = (name: string, description: string, ...examples: readonly string[]): Command =>
  new Command(name)
    .description(description)
    .addHelpText('after', ['', 'Examples:', ...examples.map((example) => `  $ ${example}`)].join('\n'));

/** A command that talks to a running Hindcast. */
export const clientCommand = (name: string, description: string, ...examples: readonly string[]): Command =>
  command(name, description, ...examples)
    .option('--url <address>', `the running Hindcast (${SETTINGS.url.env})`)
    .option('--json', 'print nothing but JSON on stdout');

/** What `--data` stands for, whole at once: some of the work is done by processes in other folders. */
export const dataFolder = (given: string): string => resolve(given);

export interface Connected {
  readonly client: ApiClient;
  readonly voice: Voice;
  readonly json: boolean;
  /** What to type next, for the Hindcast that this command talked to: it names the address where this command did. */
  readonly hint: (args: string) => string;
}

export const connect = ({ terminal, cores }: CliContext, options: OptionValues): Connected => {
  const flags: { readonly url?: string } = options['url'] === undefined ? {} : { url: String(options['url']) };
  const env = { [SETTINGS.url.env]: terminal.env[SETTINGS.url.env] };
  const { config, problems } = resolveConfig({ env, flags, cores });
  if (!config) throw usage(problems.join('\n'));
  const json = options['json'] === true;
  const voice = voiceOf(terminal, json);
  const there = flags.url === undefined ? '' : ` --url ${flags.url}`;
  const hint = (args: string) => `npx hindcast ${args}${there}`;
  return { client: openApiClient(config.url, voice.note), voice, json, hint };
};

/** The settings of work that needs a folder and no server. */
export const configOfFolder = ({ terminal, cores }: CliContext, data: string): Config => {
  const { config, problems } = resolveConfig({ env: terminal.env, flags: { data, memory: false }, cores });
  if (!config) throw usage(problems.join('\n'));
  return config;
};

/** Of the options that were given, the flags by the place in a request that each became. */
export const flagsOf = (options: object, places: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(places)
      .filter(([name]) => (options as OptionValues)[name] !== undefined)
      .map(([name, place]) => [place, `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`]),
  );

/** Adds a flag for every setting that `start` reads, or for those that are named. */
export const withSettings = (target: Command, names: readonly SettingName[] = SETTING_NAMES): Command => {
  for (const name of names) {
    const setting: Setting = SETTINGS[name];
    if (setting.flag === undefined || setting.client) continue;
    const value = setting.schema['type'] === 'boolean' ? '' : ' <value>';
    target.option(`--${setting.flag}${value}`, `${setting.description} (${setting.env})`);
  }
  return target;
};

/** The settings among a command's options. */
export const settingFlags = (options: OptionValues): Partial<Record<SettingName, string | boolean>> => {
  const flags: Partial<Record<SettingName, string | boolean>> = {};
  for (const name of SETTING_NAMES) {
    const { flag }: Setting = SETTINGS[name];
    if (flag === undefined) continue;
    const given: unknown = options[flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
    if (typeof given === 'string' || typeof given === 'boolean') flags[name] = given;
  }
  return flags;
};
