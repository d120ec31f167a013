import { type KnownPredictionDoc, problem } from '@hindcast/adapters/http';
import {
  decode,
  type EventLog,
  evolvePrediction,
  formatPosition,
  isPredictionEvent,
  type Position,
  type PredictionState,
  parsePositions,
  recordAt,
  TOPICS,
  unknownPrediction,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';

/** Positions of all partitions of a large log. */
const positionsCharsMax = 2_560;

export const asOfParameter = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: positionsCharsMax,
    description:
      'As it stood when the log had nothing behind this position, itself included. One position of its partition, or a ' +
      'list of which one is. Beyond 64 labels only the newest of today are told',
    examples: ['0:0:2'],
  }),
);

const invalid = (detail: string) => problem('invalid-parameter', detail, { errors: [{ pointer: 'asOf', detail }] });

/**
 * The positions that a text names.
 * @throws Problem `invalid-parameter`
 */
export const asOfPositions = (text: string): readonly Position[] => {
  const positions = parsePositions(text);
  if (!positions) throw invalid('asOf is no list of positions (epoch:partition:offset).');
  return positions;
};

/**
 * A prediction as it stood at a position: the events that its document names, folded again up to there. Reads as many
 * records as its history has lines, which is bounded.
 * @throws Problem `invalid-parameter`, `unknown-prediction` where it was not accepted yet, `position-gone`
 */
export const predictionAsOf = async (
  log: Pick<EventLog, 'read'>,
  doc: KnownPredictionDoc,
  positions: readonly Position[],
): Promise<KnownPredictionDoc> => {
  const { partition, epoch } = doc;
  const at = positions.find((position) => position.partition === partition && position.epoch === epoch);
  if (!at)
    throw invalid(`The prediction is in partition ${partition} of epoch ${epoch}, of which no position is named.`);
  let state: PredictionState = unknownPrediction;
  let pos = 0;
  for (const { offset } of doc.state.history) {
    if (offset > at.offset) break;
    const record = await recordAt(log, TOPICS.predictions, partition, offset);
    const decoded = record && decode(record);
    if (!record || !decoded?.ok || !isPredictionEvent(decoded.event))
      throw problem('position-gone', `The log no longer has ${formatPosition({ epoch, partition, offset })}.`);
    state = evolvePrediction(state, { event: decoded.event, offset, appendedAt: record.appendedAt }).state;
    pos = offset;
  }
  if (state.status === 'unknown') throw problem('unknown-prediction', 'It was not accepted yet at that position.');
  return { ...doc, pos, state };
};
