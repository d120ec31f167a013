import { compileBatch, type ModelCatalog, type ModelSignature, type ModelVersion } from '@hindcast/domain';
import type { OpenEntry } from './open-set.ts';

/**
 * The version that was decided at accept, undefined where the catalog does not know it yet. No other version will do, not
 * even one of the same file: its signature may give the input other names.
 */
export const versionOf = (catalog: ModelCatalog, entry: OpenEntry): ModelVersion | undefined => {
  const { model, version, sha256 } = entry.fold.request;
  const known = catalog.version(entry.tenant, model, version);
  return known?.sha256 === sha256 ? known : undefined;
};

export const isPaused = (catalog: ModelCatalog, entry: OpenEntry): boolean =>
  catalog.get(entry.tenant, entry.fold.request.model)?.paused === true;

/** How an input fits into a run. `shape` is undefined where it cannot be told: then it runs alone. */
export const fitOf = (
  entry: OpenEntry,
  { signature }: ModelVersion,
): { shape: string | undefined; elements: number } => {
  const elementsPerRow = fixedElements(signature);
  if (elementsPerRow !== undefined) return { shape: '', elements: elementsPerRow };
  // JSON spends at least two characters on an element.
  const elements = Math.ceil(entry.payloadBytes / 2);
  if (entry.input === undefined) return { shape: undefined, elements };
  try {
    return { shape: compileBatch(signature).shapeKey(entry.input), elements };
  } catch {
    return { shape: undefined, elements };
  }
};

const known = new WeakMap<ModelSignature, number | undefined>();

/** Input elements of one row, undefined where the model leaves sizes open. */
const fixedElements = (signature: ModelSignature): number | undefined => {
  if (!known.has(signature)) known.set(signature, countElements(signature));
  return known.get(signature);
};

const countElements = ({ inputs, features, batched }: ModelSignature): number | undefined => {
  if (features.some((feature) => feature.shape.includes(null))) return undefined;
  return inputs.reduce(
    (sum, { shape }) => sum + shape.slice(batched ? 1 : 0).reduce<number>((product, size) => product * (size ?? 1), 1),
    0,
  );
};

export const rowsPerRun = ({ signature, settings }: ModelVersion): number =>
  Math.min(settings.batchMax, compileBatch(signature).rowsMax);
