import type { ModelFile, ModelRefusal } from '../ports.ts';
import { layoutOf, type ModelLayout } from './derive-signature-layout.ts';
import { areClasses, type ModelMetadata, readModelMetadata, refuseMetadata } from './derive-signature-metadata.ts';
import { makeExample } from './make-example.ts';
import type { Feature, ModelSignature } from './model-signature.ts';
import { isFloat } from './tensor-data.ts';
import { decisionKey } from './tensors-to-output.ts';
import { validateInput } from './validate-input.ts';
import { elementChecks } from './validate-input-element.ts';

export type DerivedSignature =
  | {
      readonly ok: true;
      readonly signature: ModelSignature;
      /** Valid as it stands; null only where it would be too large to store. */
      readonly example: unknown;
      readonly description?: string;
    }
  | { readonly ok: false; readonly refusal: ModelRefusal };

/**
 * How rows become the tensors of this model: from what the file declares, with the names, classes, defaults and
 * threshold of its metadata. The sidecar has the same keys without `hindcast.`, and wins.
 */
export const deriveSignature = (file: ModelFile, sidecar?: Readonly<Record<string, unknown>>): DerivedSignature => {
  const laidOut = layoutOf(file);
  if (!laidOut.ok) return laidOut;
  const read = readModelMetadata(file.metadata, sidecar);
  if (!read.ok) return read;
  const { layout } = laidOut;
  const metadata = withOwnClasses(read.metadata, file, layout);
  const shown = (key: keyof ModelMetadata): string =>
    sidecar && Object.hasOwn(sidecar, key) ? key : `hindcast.${key}`;
  const refuse = (key: keyof ModelMetadata, expected: string): DerivedSignature => ({
    ok: false,
    refusal: refuseMetadata(shown(key), expected),
  });

  const fault = classesFault(layout, metadata);
  if (fault) return refuse(fault.key, fault.expected);
  const { names, fault: namesFault } = namedFeatures(layout.features, metadata);
  if (namesFault) return refuse('features', namesFault);
  const features: Feature[] = [];
  for (const feature of names) {
    const filled = withMissing(feature, metadata);
    if ('key' in filled) return refuse(filled.key, filled.expected);
    features.push(filled);
  }
  for (const key of ['defaults', 'missing'] as const) {
    const stranger = strangerIn(metadata[key], features);
    if (stranger !== undefined) return refuse(key, `only names of features, which "${stranger}" is not`);
  }

  const signature: ModelSignature = {
    batched: layout.batched,
    inputs: [...layout.inputs],
    outputs: [...layout.outputs],
    features,
    ...(metadata.classes ? { classes: [...metadata.classes] } : undefined),
    ...(metadata.threshold === undefined ? undefined : { threshold: metadata.threshold }),
    replayable: file.replayable,
  };
  const [misfit] = metadata.example === undefined ? [] : validateInput(signature, metadata.example);
  if (misfit) return refuse('example', `a valid input, but ${misfit.pointer || 'it'} ${misfit.detail}`);
  return {
    ok: true,
    signature,
    example: metadata.example ?? makeExample(signature),
    ...(metadata.description === undefined ? undefined : { description: metadata.description }),
  };
};

/**
 * Without metadata the classes are what the classifier in the graph calls them, if one output alone can hold their
 * probabilities.
 */
const withOwnClasses = (metadata: ModelMetadata, { classes }: ModelFile, { outputs, batched }: ModelLayout) => {
  if (metadata.classes || !batched || !areClasses(classes)) return metadata;
  const matrices = outputs.filter(({ datatype, shape }) => isFloat(datatype) && shape.length === 2);
  return matrices.length === 1 && matrices[0]?.shape[1] === classes.length ? { ...metadata, classes } : metadata;
};

interface Fault {
  readonly key: keyof ModelMetadata;
  readonly expected: string;
}

const namedFeatures = (
  features: readonly Feature[],
  { features: names }: ModelMetadata,
): { readonly names: readonly Feature[]; readonly fault?: string } => {
  if (!names) return { names: features };
  if (names.length !== features.length) {
    return { names: [], fault: `${features.length} names, one per feature, not ${names.length}` };
  }
  return { names: features.map((feature, i) => ({ ...feature, name: names[i] as string })) };
};

const classesFault = ({ outputs, batched }: ModelLayout, { classes, threshold }: ModelMetadata): Fault | undefined => {
  const fits = ({ datatype, shape }: ModelLayout['outputs'][number]): boolean =>
    isFloat(datatype) && (shape.length < 2 || (shape.length === 2 && [null, classes?.length].includes(shape[1])));
  if (classes && !(batched && outputs.some(fits))) {
    return { key: 'classes', expected: `as many names as a float output has columns, and none has ${classes.length}` };
  }
  if (threshold === undefined) return undefined;
  if (classes?.length !== 2) return { key: 'threshold', expected: 'two classes beside it' };
  if (outputs.some(({ name }) => name === decisionKey)) {
    return { key: 'threshold', expected: `no output named ${decisionKey}, which is what it adds` };
  }
  return undefined;
};

const withMissing = (feature: Feature, { defaults, missing }: ModelMetadata): Feature | Fault => {
  const { name, datatype, shape } = feature;
  const stated = typeof missing === 'object' ? own(missing, name) : undefined;
  const preset = defaults && own(defaults, name);
  if (preset !== undefined) {
    if (shape.length > 0) return { key: 'defaults', expected: `no default for ${name}, which is no scalar` };
    const detail = elementChecks[datatype](preset);
    if (detail !== undefined) return { key: 'defaults', expected: `a ${datatype} for ${name}: it ${detail}` };
    if (stated !== undefined) return { key: 'missing', expected: `nothing for ${name}, which has a default` };
    return { ...feature, default: preset, missing: 'default' };
  }
  const rule = stated ?? (typeof missing === 'string' ? missing : undefined);
  if (stated === 'nan' && !isFloat(datatype)) {
    return { key: 'missing', expected: `"refuse" for ${name}: a ${datatype} has no NaN` };
  }
  return rule === 'refuse' ? { ...feature, missing: 'refuse' } : feature;
};

const own = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

const strangerIn = (stated: ModelMetadata['defaults'] | ModelMetadata['missing'], features: readonly Feature[]) => {
  if (typeof stated !== 'object') return undefined;
  const names = new Set(features.map(({ name }) => name));
  return Object.keys(stated).find((name) => !names.has(name));
};
