import type { ArtifactStore, PastPrediction } from '@hindcast/domain';
import { readPayload } from '../prediction-inputs.ts';

export type Payloads =
  | { readonly ok: true; readonly input: unknown; readonly output: unknown }
  | { readonly ok: false; readonly detail: string };

/** What was asked and answered, from the log, or from the artifact store where it was too large for that. */
export const payloadsOf = (
  artifacts: Pick<ArtifactStore, 'get'>,
  { request, result }: PastPrediction,
): Payloads | Promise<Payloads> => {
  const { inputRef, input } = request.data;
  const { outputRef, output } = result.data;
  return inputRef || outputRef ? stored(artifacts, { request, result }) : { ok: true, input, output };
};

const stored = async (
  artifacts: Pick<ArtifactStore, 'get'>,
  { request, result }: Pick<PastPrediction, 'request' | 'result'>,
): Promise<Payloads> => {
  const { inputRef, input } = request.data;
  const { outputRef, output } = result.data;
  const asked = inputRef ? await readPayload(artifacts, inputRef) : { ok: true as const, input };
  if (!asked.ok) return asked;
  const answered = outputRef ? await readPayload(artifacts, outputRef) : { ok: true as const, input: output };
  return answered.ok ? { ok: true, input: asked.input, output: answered.input } : answered;
};
