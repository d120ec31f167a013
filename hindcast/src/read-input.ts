import { readFile, stat } from 'node:fs/promises';
import { type CliFailure, usage } from './cli-failure.ts';
import type { Terminal } from './terminal.ts';

/**
 * JSON given as such, as `@file`, or as `-` for stdin.
 * @param called what people know it by, such as `the input` or `--context`
 */
export const readInput = async (given: string, terminal: Terminal, called: string): Promise<unknown> => {
  if (given === '-') return parse(await readAll(terminal.stdin), 'stdin');
  if (!given.startsWith('@')) return parse(given, called, (await isFile(given)) ? fileAdvice(given) : shellAdvice);
  return readJsonFile(given.slice(1));
};

/** @throws CliFailure `usage` where there is no such file, or no JSON in it */
export const readJsonFile = async (path: string): Promise<unknown> => {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  return parse(text, path);
};

/** Why a file that was named on the command line cannot be read, without the words of the system where ours are better. */
export const unreadable = (path: string, error: unknown): CliFailure => {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOENT') return usage(`${path}: there is no such file.`);
  if (code === 'EISDIR') return usage(`${path} is a folder, not a file.`);
  return usage(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
};

const readAll = async (stream: AsyncIterable<Buffer | string>): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
};

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
const fileAdvice = (path: string): string => ` There is a file of that name: write @${path} to send what is in it.`;
const shellAdvice = ` In a shell put single quotes around it: '{"age": 41}'`;

const parse = (text: string, called: string, advice = ''): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw usage(`${called} is not JSON: ${said}.${advice}`);
  }
};
