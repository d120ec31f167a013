import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { counted } from '@hindcast/domain';
import { Argument, type Command } from 'commander';
import { failed } from '../cli-failure.ts';
import { voiceOf } from '../terminal.ts';
import { foldLines, type ViewName, viewNames } from '../view-as-of.ts';
import { type CliContext, clientCommand, dataFolder } from './cli-context.ts';
import { openSource } from './replay.ts';

interface AsOfOptions {
  readonly to?: string;
  readonly out?: string;
  readonly data?: string;
  readonly url?: string;
}

/** Folds what the log has up to a position, by the fold that the view is made with. Nothing is written but the answer. */
export const asOfCommand = (context: CliContext): Command =>
  clientCommand(
    'as-of',
    'Print the documents of a view as they stood at a position of the log, one JSON object per line',
    'npx hindcast projections as-of prediction-status --to 0:0:123,0:1:456,0:2:78,0:3:90 --out docs.ndjson',
    'npx hindcast projections as-of models --data ./data     # no server needed',
  )
    .addArgument(new Argument('<name>', 'the view').choices(viewNames))
    .option(
      '--to <positions>',
      'positions to end before, of every partition, such as the end of a data set; default: the present end',
    )
    .option('--out <file>', 'write to a file instead of stdout')
    .option('--data <folder>', 'read the log in this folder instead of asking a server', dataFolder)
    .action(async (name: ViewName, options: AsOfOptions) => {
      const { source, close } = await openSource(context, options);
      const out = options.out === undefined ? context.terminal.stdout : createWriteStream(options.out);
      const voice = voiceOf(context.terminal, true);
      try {
        const topic = name === 'models' ? 'models' : 'predictions';
        const { lines } = await source({ topic, to: options.to, types: [] });
        let docs = 0;
        for await (const doc of foldLines(name, lines)) {
          docs += 1;
          if (!out.write(`${doc}\n`)) await once(out, 'drain');
        }
        voice.note(counted(docs, 'document'));
      } catch (error) {
        throw error instanceof RangeError ? failed(error.message) : error;
      } finally {
        if (out !== context.terminal.stdout) await finished(out.end());
        close();
      }
    });
