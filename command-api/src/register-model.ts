import { problem } from '@hindcast/adapters/http';
import {
  ArtifactTooLarge,
  type DerivedSignature,
  deriveSignature,
  findRegistered,
  type ModelEventOf,
  type ModelFile,
  type ModelSettings,
  type ModelSignature,
  type ModelState,
  type ModelVersion,
  rowsPerRunMax,
} from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';
import { appendModelEvent } from './model-commands.ts';
import { catchUp } from './resolve-model.ts';
import { tryModel } from './try-model.ts';

export type StoredModel = Awaited<ReturnType<CommandContext['ports']['artifacts']['put']>>;

export interface Registration {
  readonly name: string;
  readonly file: StoredModel;
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

type RegisteredData = ModelEventOf<'ModelRegistered'>['data'];
type Derived = Extract<DerivedSignature, { ok: true }>;

/**
 * Takes a stored model file in: read, loaded and tried away from this process, then registered. What the model has
 * already is checked all the same, and only then not repeated.
 * @throws Problem `model-refused`, `trial-failed`
 */
export const registerModel = async (context: CommandContext, registration: Registration): Promise<Registered> => {
  const { name } = registration;
  const { sha256, bytes } = registration.file;
  const file = await inspect(context, sha256);
  const derived = derive(file, registration.sidecar);
  const { signature, example } = derived;
  const settings = fittingSettings(registration.settings, signature);
  const description = registration.description ?? derived.description;
  const asked: RegisteredData = {
    sha256,
    bytes,
    ...(description === undefined ? undefined : { description }),
    signature,
    settings,
    example,
    opset: { ...file.opset },
    irVersion: file.irVersion,
  };
  await catchUp(context);
  const before = context.ports.catalog.get(context.tenant, name);
  const same = before && (findRegistered(before, asked) ?? findLimited(before, asked));
  if (same) return { version: same, model: before, created: false };
  const warnings = await tryModel(context, { sha256, signature, example, ...settings });
  const data = warnings.length === 0 ? asked : { ...oneRowAtATime(asked), warnings };
  const { state, verdict } = await appendModelEvent(context, name, 'ModelRegistered', data);
  const version = findRegistered(state, data);
  if (!version) throw new Error(`The fold gave ${name} no version for ${sha256}.`);
  return { version, model: state, created: verdict === 'accepted' };
};

const oneRowAtATime = (data: RegisteredData): RegisteredData => ({
  ...data,
  settings: { ...data.settings, batchMax: 1 },
});

/** The version that this registration became when it was tried before, and was found to mix its rows. */
const findLimited = (model: ModelState, asked: RegisteredData): ModelVersion | undefined => {
  const version = findRegistered(model, oneRowAtATime(asked));
  return version?.warnings && version;
};

/** The file is durable before the event that names it. @throws Problem `body-too-large` */
export const storeModel = async ({ ports, limits }: CommandContext, source: AsyncIterable<Uint8Array>) => {
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
