import { readFile } from 'node:fs/promises';
import { usage } from './cli-failure.ts';
import type { Terminal } from './terminal.ts';

/** JSON given as such, as `@file`, or as `-` for stdin. */
export const readInput = async (given: string, terminal: Terminal): Promise<unknown> => {
  if (given === '-') return parse(await readAll(terminal.stdin), 'stdin');
  if (!given.startsWith('@')) return parse(given, 'the input');
  const path = given.slice(1);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw usage(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  return parse(text, path);
};

const readAll = async (stream: AsyncIterable<Buffer | string>): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
};

const parse = (text: string, called: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw usage(`${called} is not JSON: ${said}. In a shell put single quotes around it: '{"age": 41}'`);
  }
};
