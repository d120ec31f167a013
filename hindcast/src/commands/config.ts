import type { Command } from 'commander';
import { usage } from '../cli-failure.ts';
import { type Effective, resolveConfig } from '../config.ts';
import { SETTINGS, type Setting } from '../settings.ts';
import { voiceOf } from '../terminal.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { type CliContext, command, settingFlags, withSettings } from './cli-context.ts';

export const configCommand = (context: CliContext): Command =>
  withSettings(
    command(
      'config',
      'Print every setting, its value and where that comes from',
      'npx hindcast config',
      'PORT=9000 npx hindcast config --json',
    ),
  )
    .option('--json', 'print nothing but JSON on stdout')
    .action((options: Readonly<Record<string, unknown>>) => {
      const { terminal, cores } = context;
      const resolved = resolveConfig({ env: terminal.env, flags: settingFlags(options), cores });
      const lines = resolved.effective.map(shown);
      const width = (column: 'env' | 'value') => Math.max(...lines.map((line) => line[column].length));
      const [envWidth, valueWidth] = [width('env'), width('value')];
      voiceOf(terminal, options['json'] === true).answer(
        { settings: lines, problems: resolved.problems },
        lines.map((l) => `${l.env.padEnd(envWidth)}  ${l.value.padEnd(valueWidth)}  ${l.origin}`).join('\n'),
      );
      if (resolved.problems.length > 0) throw usage(resolved.problems.join('\n'));
    });

/** Values of settings are texts, numbers, booleans, or not there. */
const inWords = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

const shown = ({ name, value, origin }: Effective) => {
  const setting: Setting = SETTINGS[name];
  const text = setting.secret && value !== undefined ? '******' : withoutSecrets(inWords(value));
  return { env: setting.env, value: text, origin };
};
