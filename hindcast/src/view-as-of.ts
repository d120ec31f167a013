import {
  evolveModel,
  evolvePrediction,
  isPredictionEvent,
  type ModelEvent,
  type ModelState,
  type PredictionState,
  parsePosition,
  unknownModel,
  unknownPrediction,
} from '@hindcast/domain';

export const viewNames = ['prediction-status', 'models'] as const;
export type ViewName = (typeof viewNames)[number];

/** Documents that are held at once: those of one partition. */
const docsMax = 2_000_000;

interface Line {
  readonly position: string;
  readonly key: string;
  readonly appendedAt: number;
  readonly event?: { readonly type: string; readonly tenant: string; readonly subject: string };
}
interface Doc {
  readonly key: string;
  readonly tenant: string;
  readonly id: string;
  readonly epoch: number;
  readonly partition: number;
  readonly pos: number;
  readonly state: PredictionState | ModelState;
}

/**
 * Lines of a replay folded into documents, each as one line of JSON, in the order of their keys within their partition.
 * @throws RangeError where a partition holds more documents than fit into memory
 */
export async function* foldLines(name: ViewName, lines: AsyncIterable<string>): AsyncGenerator<string> {
  const docs = new Map<string, Doc>();
  let at = -1;
  for await (const text of lines) {
    const line = JSON.parse(text) as Line;
    const position = parsePosition(line.position);
    if (!position) continue;
    if (position.partition !== at) {
      yield* emptied(docs);
      at = position.partition;
    }
    const state = next(name, docs.get(line.key)?.state, line, position.offset);
    if (!state || !line.event) continue;
    const { tenant, subject: id } = line.event;
    docs.set(line.key, { key: line.key, tenant, id, ...placed(position), state });
    if (docs.size > docsMax) throw new RangeError(`Partition ${at} has more than ${docsMax} documents.`);
  }
  yield* emptied(docs);
}

const placed = ({ epoch, partition, offset }: { epoch: number; partition: number; offset: number }) => ({
  ...{ epoch, partition, pos: offset },
});

const next = (name: ViewName, before: Doc['state'] | undefined, { event, appendedAt }: Line, offset: number) => {
  if (!event) return undefined;
  if (name === 'models') {
    if (!event.type.startsWith('Model')) return undefined;
    const state = (before ?? unknownModel) as ModelState;
    return evolveModel(state, { event: event as unknown as ModelEvent, offset, appendedAt }).state;
  }
  if (!isPredictionEvent(event)) return undefined;
  return evolvePrediction((before ?? unknownPrediction) as PredictionState, { event, offset, appendedAt }).state;
};

function* emptied(docs: Map<string, Doc>): Generator<string> {
  for (const key of [...docs.keys()].sort()) yield JSON.stringify(docs.get(key));
  docs.clear();
}
