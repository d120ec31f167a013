import { setTimeout as delay } from 'node:timers/promises';
import { JobFailure, type LabelValue, type LogCut, type PastPrediction, type ViewDatabase } from '@hindcast/domain';

type Views = Pick<ViewDatabase, 'generations' | 'statusStore' | 'reader'>;

/** How long a view may be behind the end of a stretch, and how often it is looked at. */
const behindMsMax = 120_000;
const lookMs = 100;

/** Labels as the status view has them: of each prediction the newest ones, by their offsets. */
export interface KnownLabels {
  /** Resolves when the view has folded the whole stretch. */
  whenFolded(cut: LogCut, signal: AbortSignal): Promise<void>;
  /** The last label of each before `end`, an offset of their partition. */
  of(predictions: readonly PastPrediction[], end: number): Promise<ReadonlyMap<string, LabelValue>>;
}

export const createKnownLabels = (views: Views, clock: () => number): KnownLabels => {
  const isFolded = async ({ ranges }: LogCut): Promise<boolean> => {
    const known = await views.reader.checkpoints('prediction-status');
    return ranges.every(
      ({ partition, from, to }) => from >= to || known.some((at) => at.partition === partition && at.next >= to),
    );
  };

  return {
    async whenFolded(cut, signal) {
      const deadline = clock() + behindMsMax;
      while (!(await isFolded(cut))) {
        if (clock() > deadline) {
          throw new JobFailure(
            'view_behind',
            'The status view, which has the labels, does not reach the end of the stretch.',
          );
        }
        await delay(lookMs, undefined, { signal });
      }
    },
    async of(predictions, end) {
      const labels = new Map<string, LabelValue>();
      const live = (await views.generations()).find(
        ({ projection, state }) => projection === 'prediction-status' && state === 'live',
      );
      if (!live || predictions.length === 0) return labels;
      const docs = await views.statusStore(live.generation).load(predictions.map(({ key }) => key));
      for (const [key, { state }] of docs) {
        const label = state.labels.findLast(({ offset }) => offset < end);
        if (label) labels.set(key, label);
      }
      return labels;
    },
  };
};
