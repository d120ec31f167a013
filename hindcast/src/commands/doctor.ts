import type { Command } from 'commander';
import { failed, usage } from '../cli-failure.ts';
import { resolveConfig } from '../config.ts';
import { examine, type Finding } from '../doctor-checks.ts';
import { voiceOf } from '../terminal.ts';
import { type CliContext, command, settingFlags, withSettings } from './cli-context.ts';

export const doctorCommand = (context: CliContext): Command =>
  withSettings(
    command(
      'doctor',
      'Look for what would keep Hindcast from starting, and say how to mend it',
      'npx hindcast doctor',
      'npx hindcast doctor --port 9000 --json',
    ),
  )
    .option('--json', 'print nothing but JSON on stdout')
    .action(async (options: Readonly<Record<string, unknown>>) => {
      const { terminal, cores } = context;
      const { config, problems } = resolveConfig({ env: terminal.env, flags: settingFlags(options), cores });
      if (!config) throw usage(problems.join('\n'));
      const findings = await examine(config, context.isLocked);
      const voice = voiceOf(terminal, options['json'] === true);
      voice.answer(findings, findings.map(describe).join('\n'));
      const wrong = findings.filter(({ ok }) => !ok).length;
      if (wrong > 0) throw failed(`${wrong} of ${findings.length} checks found something.`);
    });

const describe = ({ check, ok, said, fix }: Finding): string =>
  `${ok ? 'ok    ' : 'wrong '}  ${check.padEnd(12)}${said}${fix === undefined ? '' : `\n${' '.repeat(20)}${fix}`}`;
