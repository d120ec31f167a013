import type { ModelFile, ModelRefusal } from '@hindcast/domain';
import { type LaunchOptions, startInferenceProcess } from './inference-process.ts';
import { runtimeWords } from './runtime-words.ts';

export type InspectedModel =
  | { readonly ok: true; readonly file: ModelFile }
  | { readonly ok: false; readonly refusal: ModelRefusal };

export interface InspectOptions extends LaunchOptions {
  readonly spawnTimeoutMs: number;
  readonly loadTimeoutMs: number;
  readonly stopping: AbortSignal;
}

/** Scans and loads a file in a process of its own, which is thrown away whatever comes of it. */
export const inspectModel = async (path: string, options: InspectOptions): Promise<InspectedModel> => {
  const { stopping, spawnTimeoutMs, loadTimeoutMs } = options;
  if (stopping.aborted) return closing;
  const child = startInferenceProcess(options);
  const kill = (): void => void child.kill();
  stopping.addEventListener('abort', kill);
  try {
    const greeting = await child.ready(spawnTimeoutMs);
    if (greeting.kind !== 'ready') {
      return stopping.aborted
        ? closing
        : refused('runtime_unavailable', 'No process could be started to read the file.');
    }
    const ending = await child.request({ kind: 'inspect', path }, loadTimeoutMs);
    switch (ending.kind) {
      case 'inspected':
        return { ok: true, file: ending.file };
      case 'refused':
        return { ok: false, refusal: ending.refusal };
      case 'failed':
        return refused('load_failed', `The runtime does not load the model: ${runtimeWords(ending.detail, options)}`);
      case 'timed_out':
        return refused(
          'load_timed_out',
          `Loading the model took more than ${loadTimeoutMs} ms. Make its graph simpler.`,
        );
      default:
        if (stopping.aborted) return closing;
        return refused(
          'load_crashed',
          'The process that loaded the model died: it is damaged, or needs too much memory.',
        );
    }
  } finally {
    stopping.removeEventListener('abort', kill);
    await child.kill();
  }
};

const refused = (code: string, detail: string): InspectedModel => ({ ok: false, refusal: { code, detail } });
const closing = refused('stopped', 'The runtime is closing.');
