import type { ArtifactStore, DataRef } from '@hindcast/domain';
import { isEnded } from '@hindcast/domain';
import { type KnownPredictionDoc, predictionBody } from './prediction-body.ts';
import { type Problem, problem } from './problem.ts';

export type StoredPayloads = Pick<ArtifactStore, 'get'>;

/** Larger outputs are not put into the answer that shows the prediction: they are read on their own. */
export const outputShownBytesMax = 8 * 1_048_576;

const unavailable = (detail: string): Problem =>
  problem('store-unavailable', detail, { headers: { 'retry-after': '1' } });

/** @throws Problem `store-unavailable` where the store fails, or does not have what the log refers to */
export const openPayload = async (
  artifacts: StoredPayloads,
  { sha256 }: DataRef,
): Promise<AsyncIterable<Uint8Array>> => {
  const content = await artifacts.get(sha256).catch(() => {
    throw unavailable('The artifact store cannot be read at the moment.');
  });
  if (!content) throw unavailable(`The artifact store does not have ${sha256}.`);
  return content;
};

/** @throws Problem `store-unavailable` */
export const readPayload = async (artifacts: StoredPayloads, ref: DataRef): Promise<unknown> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await openPayload(artifacts, ref)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
};

/** The body of an answer about one prediction: at once, unless its output has to be read from the artifact store. */
export const wholePredictionBody = (artifacts: StoredPayloads, doc: KnownPredictionDoc) => {
  const { state } = doc;
  if (!isEnded(state) || !state.outputRef || state.outputRef.bytes > outputShownBytesMax) return predictionBody(doc);
  return readPayload(artifacts, state.outputRef).then((output) =>
    predictionBody({ ...doc, state: { ...state, output } }),
  );
};
