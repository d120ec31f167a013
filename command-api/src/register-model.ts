import { problem } from '@hindcast/adapters/http';
import {
  ArtifactTooLarge,
  compileBatch,
  type DerivedSignature,
  deriveSignature,
  findRegistered,
  type ModelEventOf,
  type ModelFile,
  type ModelSettings,
  type ModelSignature,
  type ModelState,
  type ModelVersion,
  rowOutputs,
  rowsPerRunMax,
} from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';
import { appendModelEvent } from './model-commands.ts';
import { catchUp } from './resolve-model.ts';

export interface Registration {
  readonly name: string;
  readonly source: AsyncIterable<Uint8Array>;
  readonly settings: ModelSettings;
  readonly description: string | undefined;
  /** What the file does not say of itself: features, classes, threshold. */
  readonly sidecar: Readonly<Record<string, unknown>> | undefined;
}

export interface Registered {
  readonly version: ModelVersion;
  readonly model: ModelState;
  /** false: the model had this very version: the same file, read in the same way, with the same limits and words. */
  readonly created: boolean;
}

type Derived = Extract<DerivedSignature, { ok: true }>;

/**
 * Takes a model file in: stored, read, loaded and tried away from this process, then registered. The file is durable
 * before the event that names it. What the model has already is checked all the same, and only then not repeated.
 * @throws Problem `body-too-large`, `model-refused`, `trial-failed`
 */
export const registerModel = async (context: CommandContext, registration: Registration): Promise<Registered> => {
  const { name } = registration;
  const { sha256, bytes } = await store(context, registration.source);
  const file = await inspect(context, sha256);
  const derived = derive(file, registration.sidecar);
  const description = registration.description ?? derived.description;
  const data: ModelEventOf<'ModelRegistered'>['data'] = {
    sha256,
    bytes,
    ...(description === undefined ? undefined : { description }),
    signature: derived.signature,
    settings: fittingSettings(registration.settings, derived.signature),
    example: derived.example,
    opset: { ...file.opset },
    irVersion: file.irVersion,
  };
  await catchUp(context);
  const before = context.ports.catalog.get(context.tenant, name);
  const same = before && findRegistered(before, data);
  if (same) return { version: same, model: before, created: false };
  await tryOut(context, sha256, derived, registration.settings.timeoutMs);
  const { state, verdict } = await appendModelEvent(context, name, 'ModelRegistered', data);
  const version = findRegistered(state, data);
  if (!version) throw new Error(`The fold gave ${name} no version for ${sha256}.`);
  return { version, model: state, created: verdict === 'accepted' };
};

const store = async ({ ports, limits }: CommandContext, source: AsyncIterable<Uint8Array>) => {
  try {
    return await ports.artifacts.put(source, limits.modelBytesMax);
  } catch (error) {
    if (!(error instanceof ArtifactTooLarge)) throw error;
    throw problem('body-too-large', `A model file may have at most ${error.bytesMax} bytes.`);
  }
};

const inspect = async ({ ports }: CommandContext, sha256: string): Promise<ModelFile> => {
  const path = await ports.artifacts.localPath(sha256);
  if (path === undefined) throw new Error(`The artifact ${sha256} is gone just after it was stored.`);
  const inspected = await ports.runtime.inspect(path);
  if (inspected.ok) return inspected.file;
  throw problem('model-refused', inspected.refusal.detail, { reason: inspected.refusal.code });
};

const derive = (file: ModelFile, sidecar: Registration['sidecar']): Derived => {
  const derived = deriveSignature(file, sidecar);
  if (derived.ok) return derived;
  throw problem('model-refused', derived.refusal.detail, { reason: derived.refusal.code });
};

/** What is shown as the rows of one run must be what the model can take. */
const fittingSettings = (settings: ModelSettings, signature: ModelSignature): ModelSettings => ({
  ...settings,
  batchMax: Math.min(settings.batchMax, rowsPerRunMax(signature)),
});

/** Runs the example once, as a worker would: what cannot be run is not registered. */
const tryOut = async (
  { ports, limits }: CommandContext,
  sha256: string,
  { signature, example }: Derived,
  timeoutMs: number,
): Promise<void> => {
  if (example === null) return;
  const inputs = compileBatch(signature).encode([example]);
  const outcome = await ports.runtime.run({ sha256 }, inputs, {
    timeoutMs: Math.min(timeoutMs, limits.trialTimeoutMs),
  });
  const failed = (reason: string, detail: string) => {
    const shown = JSON.stringify(example).slice(0, 512);
    return problem('trial-failed', `${detail} The example was ${shown}`, { reason });
  };
  if (!outcome.ok) throw failed(outcome.reason, outcome.detail);
  const outputs = rowOutputs(signature, outcome.outputs, 1);
  if (!outputs.ok) throw failed('unexpected_output', outputs.detail);
};
