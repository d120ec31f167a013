import { once } from 'node:events';
import type { Command } from 'commander';
import { usage } from '../cli-failure.ts';
import { parseMoment, showDuration } from '../duration.ts';
import { openReplayFile } from '../replay-file.ts';
import {
  cursorOf,
  logSource,
  type ReplayFilter,
  ReplayInterrupted,
  type ReplaySource,
  serverSource,
} from '../replay-source.ts';
import { type Voice, voiceOf } from '../terminal.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

/** Characters that are gathered before they are written. */
const chunkLength = 65_536;
/** Broken connections in a row, without a line between them, before the command gives up. */
const interruptionsMax = 5;

interface ReplayOptions {
  readonly from?: string;
  readonly to?: string;
  readonly type?: readonly string[];
  readonly model?: string;
  readonly since?: string;
  readonly until?: string;
  readonly out?: string;
  readonly data?: string;
}

export const replayCommand = (context: CliContext): Command =>
  clientCommand(
    'replay',
    'Print the events of the log again, one JSON object per line',
    'hindcast replay --type PredictionRequested --model churn --since 24h',
    'hindcast replay --out events.ndjson          # again: goes on behind the last line',
    'hindcast replay --data ./data | wc -l        # no server needed',
  )
    .option('--from <place>', 'cursor of a line, or positions (epoch:partition:offset, …), to begin at')
    .option('--to <positions>', 'positions to end before; by default the end of the log at the start')
    .option('--type <type...>', 'only these types of events')
    .option('--model <name>', 'only events that name this model')
    .option('--since <time>', 'stored at or after this time, or this long ago')
    .option('--until <time>', 'stored before this time, or this long ago')
    .option('--out <file>', 'write to a file, and go on behind its last line if it has any')
    .option('--data <folder>', 'read the log in this folder instead of asking a server')
    .action(async (options: ReplayOptions) => {
      const now = context.terminal.now();
      const filter: ReplayFilter = {
        from: options.from,
        to: options.to,
        types: options.type ?? [],
        model: options.model,
        since: options.since === undefined ? undefined : parseMoment(options.since, now),
        until: options.until === undefined ? undefined : parseMoment(options.until, now),
      };
      const { source, close } = await openSource(context, options);
      const sink = await openSink(context, options);
      if (sink.cursor !== undefined && options.from !== undefined) {
        throw usage('The file says where to go on: leave --from away, or write to another file.');
      }
      const voice = voiceOf(context.terminal, true);
      try {
        await copy(source, { ...filter, from: sink.cursor ?? filter.from }, sink.write, voice, context.terminal.now);
      } finally {
        await sink.close();
        close();
      }
    });

const openSource = async (
  context: CliContext,
  options: ReplayOptions,
): Promise<{ source: ReplaySource; close: () => void }> => {
  if (options.data === undefined) return { source: serverSource(connect(context, options).client), close: () => {} };
  const log = await context.openLog(options.data);
  return { source: logSource(log), close: () => log.close() };
};

const openSink = async ({ terminal: { stdout } }: CliContext, { out }: ReplayOptions) => {
  if (out !== undefined) return openReplayFile(out);
  const write = async (text: string): Promise<void> => {
    if (!stdout.write(text)) await once(stdout, 'drain');
  };
  return { cursor: undefined, write, close: async () => {} };
};

const copy = async (
  source: ReplaySource,
  filter: ReplayFilter,
  write: (text: string) => Promise<void>,
  voice: Voice,
  now: () => number,
): Promise<void> => {
  const startedAt = now();
  let { from } = filter;
  let lines = 0;
  let chunk = '';
  let last = '';
  const flush = async () => {
    if (chunk === '') return;
    await write(chunk);
    chunk = '';
    from = cursorOf(last);
    voice.progress(`${lines} events, ${rate(lines, now() - startedAt)}`);
  };
  for (let interruptions = 0; ; interruptions++) {
    try {
      for await (const line of source({ ...filter, from })) {
        chunk += `${line}\n`;
        last = line;
        lines += 1;
        interruptions = 0;
        if (chunk.length >= chunkLength) await flush();
      }
      await flush();
      voice.progress(`${lines} events in ${showDuration(now() - startedAt)}`, true);
      return;
    } catch (error) {
      if (!(error instanceof ReplayInterrupted) || interruptions >= interruptionsMax) throw error;
      await flush();
      voice.note('The connection broke; going on behind the last line.');
    }
  }
};

const rate = (lines: number, ms: number): string => `${Math.round((lines * 1_000) / Math.max(1, ms))} per second`;
