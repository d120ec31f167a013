import {
  addCounts,
  type BacktestSpec,
  countRefusal,
  countRow,
  formatPosition,
  type LabelValue,
  type ModelVersion,
  namedInput,
  type PastPage,
  type PastPrediction,
  rulesOfVersion,
  sliceText,
  validateInput,
} from '@hindcast/domain';
import { payloadsOf } from '../past/past-payloads.ts';
import type { PastPorts } from '../past/past-ports.ts';
import type { RanAgain, RunsAgain } from '../past/run-again.ts';
import type { ResultSet } from './result-set.ts';

/** Longer answers are left out of the rows; they are counted all the same. */
const outputCharsMax = 262_144;

type Asked =
  | { readonly past: PastPrediction; readonly ok: true; readonly input: unknown; readonly output: unknown }
  | { readonly past: PastPrediction; readonly ok: false; readonly code: string; readonly detail: string };

/** Asks the candidate what was asked then, and counts how its answers differ. */
export const createScorer = (
  { artifacts, catalog }: Pick<PastPorts, 'artifacts' | 'catalog'>,
  { cut, slices }: Pick<BacktestSpec, 'cut' | 'slices'>,
  candidate: ModelVersion,
  runs: RunsAgain,
  results: ResultSet,
) => {
  const askedOf = async (past: PastPrediction): Promise<Asked> => {
    const payloads = await payloadsOf(artifacts, past);
    if (!payloads.ok) return { past, ok: false, code: 'payload_missing', detail: payloads.detail };
    const { input, output } = payloads;
    const [fault] = validateInput(candidate.signature, input);
    if (!fault) return { past, ok: true, input, output };
    const detail = `${fault.pointer || 'The input'}: ${fault.detail}`;
    return { past, ok: false, code: 'input_does_not_fit', detail };
  };

  /** As a data set has it in its columns. */
  const namedOf = ({ request: { tenant, data } }: PastPrediction, input: unknown): unknown => {
    const ran = catalog.version(tenant, data.model, data.version);
    return ran ? namedInput({ ...data, input }, [rulesOfVersion(ran)]) : input;
  };

  const sliceValue = (slice: string, past: PastPrediction, input: unknown): string => {
    const { entity, version, role, context } = past.request.data;
    if (slice === 'entity') return sliceText(entity);
    if (slice === 'version') return sliceText(version);
    if (slice === 'role') return sliceText(role);
    const dot = slice.indexOf('.');
    const from = slice.slice(0, dot) === 'input' ? namedOf(past, input) : context;
    const name = slice.slice(dot + 1);
    const isThere = typeof from === 'object' && from !== null && Object.hasOwn(from, name);
    return sliceText(isThere ? (from as Readonly<Record<string, unknown>>)[name] : undefined);
  };

  const tell = (asked: Extract<Asked, { ok: true }>, answer: RanAgain, label: LabelValue | undefined): void => {
    if (!answer.ok) {
      countRefusal(results.state, answer.reason, answer.detail);
      return;
    }
    const { past, input, output: recorded } = asked;
    const { request, partition, offset, acceptedAt } = past;
    const predictionId = request.subject;
    const position = formatPosition({ epoch: cut.epoch, partition, offset });
    const row = results.state.compared;
    const named = Object.fromEntries(slices.map((slice) => [slice, sliceValue(slice, past, input)]));
    const of = { predictionId, position, recorded, candidate: answer.output, label, slices: named };
    const { changed, was, is, score } = countRow(results.state, of);
    results.add(
      JSON.stringify({
        ...{ row, predictionId, position, acceptedAt: new Date(acceptedAt).toISOString() },
        ...{ entity: request.data.entity, version: request.data.version, changed, was, is },
        shift: score && score.is - score.was,
        recorded: shown(recorded),
        candidate: shown(answer.output),
        label: label?.value,
      }),
    );
  };

  return async ({ predictions, counts, place }: PastPage, labels: ReadonlyMap<string, LabelValue>): Promise<void> => {
    const asked: Asked[] = [];
    for (const past of predictions) asked.push(await askedOf(past));
    const fit = asked.filter((one) => one.ok);
    const answers = await runs.together(
      candidate,
      fit.map(({ input }) => input),
    );
    // From here on in one turn: a checkpoint has all of the page or none of it.
    let at = 0;
    for (const one of asked) {
      if (one.ok) tell(one, answers[at++] as RanAgain, labels.get(one.past.key));
      else countRefusal(results.state, one.code, one.detail);
    }
    results.state.counts = addCounts(results.state.counts, counts);
    results.reached(place);
  };
};

const shown = (output: unknown): unknown =>
  (JSON.stringify(output)?.length ?? 0) > outputCharsMax ? undefined : output;
