import type { Logger } from '@hindcast/domain';
import { pino } from 'pino';
import type { Config } from './settings.ts';
import type { Terminal } from './terminal.ts';
import { withoutSecrets } from './without-secrets.ts';

/** Whether a person reads along, so that text is kinder than JSON. */
export const speaksToPeople = (config: Config, terminal: Terminal): boolean =>
  config.logFormat === 'auto' ? terminal.stdout.isTTY === true : config.logFormat === 'text';

/**
 * The log of the process: JSON lines on stdout, or, for people, lines of text on stderr. People get warnings and worse,
 * unless they asked for more.
 */
export const openProcessLog = (config: Config, terminal: Terminal): Logger => {
  const toPeople = speaksToPeople(config, terminal);
  const level = toPeople && config.logLevel === 'info' ? 'warn' : config.logLevel;
  const write = (line: string): void => {
    // Drivers quote the URIs that they were given.
    const told = withoutSecrets(line);
    if (toPeople) terminal.stderr.write(asText(told));
    else terminal.stdout.write(told);
  };
  return pino({ level, base: null, serializers: { err: errorFields } }, { write });
};

const causesMax = 5;

/** The messages of an error and its causes, each once: those who wrap an error often quote it. */
const messageOf = (error: Error): string => {
  let told = error.message;
  let at = error.cause;
  for (let depth = 0; depth < causesMax && at instanceof Error; depth++) {
    if (!told.includes(at.message.replace(/\.$/, ''))) told = `${told.replace(/\.$/, '')}: ${at.message}`;
    at = at.cause;
  }
  return told;
};

const errorFields = (given: unknown): unknown => {
  if (!(given instanceof Error)) return given;
  const fields = pino.stdSerializers.err(given);
  fields.message = messageOf(given);
  return fields;
};

const asText = (line: string): string => {
  const { level, time: _, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const severity = pino.levels.labels[Number(level)] ?? 'info';
  const rest = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
  const cause = (err as { message?: string } | undefined)?.message;
  const told = cause === undefined ? String(msg) : `${String(msg).replace(/\.$/, '')}: ${cause}`;
  return `${severity}: ${told}${rest}\n`;
};
