import { compileBatch, type ModelRuntime, type ModelVersion } from '@hindcast/domain';
import { rowsPerRun } from '../model-fit.ts';
import { runBatch } from '../run-batch.ts';
import type { Pace } from './pace.ts';

/** Rows of one run, where neither the model nor its settings allow fewer. */
const rowsMax = 512;

export type RanAgain =
  | { readonly ok: true; readonly output: unknown; readonly runtime: string }
  | { readonly ok: false; readonly reason: 'run_refused' | 'run_failed'; readonly detail: string };

export interface RunsAgain {
  /** `[i]` answers input i. Rows are run together as it suits: the answers of each are its own. */
  together(version: ModelVersion, inputs: readonly unknown[]): Promise<readonly RanAgain[]>;
  /** Each row in a run of its size and at its place in it; other rows fill the places that none of them has. */
  inPlace(version: ModelVersion, rows: readonly PlacedRow[]): Promise<readonly RanAgain[]>;
}

export interface PlacedRow {
  readonly input: unknown;
  readonly batchSize: number;
  readonly batchIndex: number;
}

export const createRunsAgain = (runtime: ModelRuntime, pace: Pace, signal: AbortSignal): RunsAgain => {
  const run = async (version: ModelVersion, inputs: readonly unknown[]) => {
    await pace.take(inputs.length, signal);
    const result = await runBatch(runtime, version, inputs);
    signal.throwIfAborted();
    return result;
  };

  const alone = async (version: ModelVersion, input: unknown): Promise<RanAgain> => {
    const result = await run(version, [input]);
    if (result.kind === 'ok') return { ok: true, output: result.outputs[0], runtime: result.runtime };
    if (result.kind !== 'failed') return { ok: false, reason: 'run_failed', detail: result.detail };
    const { code, detail } = result.error;
    return { ok: false, reason: refusals.has(code) ? 'run_refused' : 'run_failed', detail };
  };

  return {
    async together(version, inputs) {
      const answers = new Array<RanAgain>(inputs.length);
      for (const places of chunksOf(version, inputs)) {
        const rows = places.map((at) => inputs[at]);
        const result = rows.length > 1 ? await run(version, rows) : undefined;
        for (const [i, at] of places.entries()) {
          answers[at] =
            result?.kind === 'ok'
              ? { ok: true, output: result.outputs[i], runtime: result.runtime }
              : await alone(version, inputs[at]);
        }
      }
      return answers;
    },

    async inPlace(version, rows) {
      const answers = new Array<RanAgain>(rows.length);
      for (const { size, places } of runsOf(version, rows)) {
        const [first = 0] = places.values();
        const inputs = Array.from({ length: size }, (_, place) => rows[places.get(place) ?? first]?.input);
        const result = await run(version, inputs);
        for (const [place, at] of places) {
          answers[at] =
            result.kind === 'ok'
              ? { ok: true, output: result.outputs[place], runtime: result.runtime }
              : { ok: false, reason: 'run_failed', detail: 'A run of the recorded size had no answer.' };
        }
      }
      return answers;
    },
  };
};

const refusals: ReadonlySet<string> = new Set(['inference_rejected', 'output_mismatch']);

/** "" where every row fits with every other; undefined where it cannot be told. */
const shapeOf = ({ signature }: ModelVersion, input: unknown): string | undefined => {
  try {
    return compileBatch(signature).shapeKey(input);
  } catch {
    return undefined;
  }
};

const chunksOf = (version: ModelVersion, inputs: readonly unknown[]): readonly (readonly number[])[] => {
  const max = Math.min(rowsMax, rowsPerRun(version));
  const chunks: number[][] = [];
  const open = new Map<string, number[]>();
  for (const [at, input] of inputs.entries()) {
    const shape = shapeOf(version, input);
    const known = shape === undefined ? undefined : open.get(shape);
    if (known && known.length < max) {
      known.push(at);
      continue;
    }
    const chunk = [at];
    chunks.push(chunk);
    if (shape !== undefined) open.set(shape, chunk);
  }
  return chunks;
};

interface PlacedRun {
  readonly size: number;
  /** Row by place. */
  readonly places: Map<number, number>;
}

const runsOf = (version: ModelVersion, rows: readonly PlacedRow[]): readonly PlacedRun[] => {
  const runs: PlacedRun[] = [];
  const alike = new Map<string, PlacedRun[]>();
  /** How many rows of one kind have had a place: the next one takes it in the run behind theirs. */
  const taken = new Map<string, number>();
  for (const [at, { input, batchSize: size, batchIndex: place }] of rows.entries()) {
    const kind = `${size} ${shapeOf(version, input) ?? `row ${at}`}`;
    const nth = taken.get(`${place} ${kind}`) ?? 0;
    taken.set(`${place} ${kind}`, nth + 1);
    const ofKind = alike.get(kind) ?? [];
    alike.set(kind, ofKind);
    let run = ofKind[nth];
    if (!run) {
      run = { size, places: new Map() };
      ofKind.push(run);
      runs.push(run);
    }
    run.places.set(place, at);
  }
  return runs;
};
