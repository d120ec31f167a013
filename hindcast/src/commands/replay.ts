import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { parseMoment, showDuration } from '../duration.ts';
import { openReplayFile, type ReplayFile } from '../replay-file.ts';
import {
  cursorOf,
  logSource,
  type ReplayFilter,
  ReplayInterrupted,
  type ReplaySource,
  serverSource,
} from '../replay-source.ts';
import { type ReplayTopic, replayTopics, topicOf } from '../replay-topic.ts';
import { type Voice, voiceOf } from '../terminal.ts';
import { type CliContext, clientCommand, connect, dataFolder } from './cli-context.ts';

/** Characters that are gathered before they are written. */
const chunkLength = 65_536;
/** Broken connections in a row, without a line between them, before the command gives up. */
const interruptionsMax = 5;

interface ReplayOptions {
  readonly topic?: ReplayTopic;
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
    'npx hindcast replay --type PredictionRequested --model churn --since 24h',
    'npx hindcast replay --out events.ndjson          # again: goes on behind the last line, and takes what came since',
    'npx hindcast replay --topic models               # the history of the models',
    'npx hindcast replay --data ./data | wc -l        # no server needed',
  )
    .addOption(
      new Option('--topic <name>', 'which history; by default that of the types, else predictions').choices(
        Object.keys(replayTopics),
      ),
    )
    .option('--from <place>', 'cursor of a line, or positions (epoch:partition:offset, …), to begin at')
    .option(
      '--to <positions>',
      'positions to end before, of every partition; by default the end of the log at the start',
    )
    .option('--type <type...>', 'only these types of events')
    .option('--model <name>', 'only events that name this model')
    .option('--since <time>', 'stored at or after this time, or this long ago')
    .option('--until <time>', 'stored before this time, or this long ago')
    .option(
      '--out <file>',
      'write to a file; one that has lines is gone on with, if <file>.query says that it is of the same replay',
    )
    .option('--data <folder>', 'read the log in this folder instead of asking a server', dataFolder)
    .action(async (options: ReplayOptions) => {
      const now = context.terminal.now();
      const filter: ReplayFilter = {
        topic: topicOf(options.type ?? [], options.topic),
        from: options.from,
        to: options.to,
        types: options.type ?? [],
        model: options.model,
        since: options.since === undefined ? undefined : parseMoment(options.since, now),
        until: options.until === undefined ? undefined : parseMoment(options.until, now),
      };
      const { source, close } = await openSource(context, options);
      const sink = await openSink(context, options, filter);
      const voice = voiceOf(context.terminal, true);
      try {
        const isOpenEnded = options.to === undefined && options.until === undefined;
        const end = await copy(source, sink, isOpenEnded && sink.brokenOff, voice, context.terminal.now);
        if (isOpenEnded) await sink.complete(end);
      } finally {
        await sink.close();
        close();
      }
    });

/** The log of a folder, where one is named, else that of a running Hindcast. */
export const openSource = async (
  context: CliContext,
  options: Pick<ReplayOptions, 'data'>,
): Promise<{ source: ReplaySource; close: () => void }> => {
  if (options.data === undefined) return { source: serverSource(connect(context, options).client), close: () => {} };
  const log = await context.openLog(options.data);
  return { source: logSource(log), close: () => log.close() };
};

const openSink = async ({ terminal: { stdout } }: CliContext, options: ReplayOptions, filter: ReplayFilter) => {
  if (options.out !== undefined) return openReplayFile(options.out, { asked: asked(options), filter });
  const write = async (text: string): Promise<void> => {
    if (!stdout.write(text)) await once(stdout, 'drain');
  };
  return { filter, brokenOff: false, write, complete: async () => {}, close: async () => {} };
};

const asked = ({ topic, type, model, since, until, from, to }: ReplayOptions): string =>
  Object.entries({ topic, type: type?.join(' '), model, since, until, from, to })
    .flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]))
    .join(' ');

/** Answers where the replay ended. With `goesOn` it first reads to the old end, and then what came since. */
const copy = async (
  source: ReplaySource,
  { filter, write }: Pick<ReplayFile, 'filter' | 'write'>,
  goesOn: boolean,
  voice: Voice,
  now: () => number,
): Promise<string> => {
  const startedAt = now();
  let { from } = filter;
  let lines = 0;
  let chunk = '';
  let last = '';
  let again = goesOn;
  const flush = async () => {
    if (chunk === '') return;
    await write(chunk);
    chunk = '';
    from = cursorOf(last);
    voice.progress(`${lines} events, ${rate(lines, now() - startedAt)}`);
  };
  for (let interruptions = 0; ; interruptions++) {
    try {
      const cut = await source({ ...filter, from });
      for await (const line of cut.lines) {
        chunk += `${line}\n`;
        last = line;
        lines += 1;
        interruptions = 0;
        if (chunk.length >= chunkLength) await flush();
      }
      await flush();
      if (again) {
        again = false;
        from = cut.end;
        continue;
      }
      voice.progress(`${lines} events in ${showDuration(now() - startedAt)}`, true);
      return cut.end;
    } catch (error) {
      if (!(error instanceof ReplayInterrupted) || interruptions >= interruptionsMax) throw error;
      await flush();
      voice.note('The connection broke; going on behind the last line.');
    }
  }
};

const rate = (lines: number, ms: number): string => `${Math.round((lines * 1_000) / Math.max(1, ms))} per second`;
