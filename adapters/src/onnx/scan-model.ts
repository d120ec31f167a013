import { fromBinary } from '@bufbuild/protobuf';
import type { ModelFile, ModelRefusal, ValueInfo } from '@hindcast/domain';
import {
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
} from 'onnx-buf';
import { classesOf } from './scan-model-classes.ts';
import { visitModel } from './scan-model-graphs.ts';
import { typeNameOf, valueInfoOf } from './scan-model-values.ts';

export type ScannedModel =
  | { readonly ok: true; readonly file: ModelFile }
  | { readonly ok: false; readonly refusal: ModelRefusal };

/** What onnxruntime 1.30 loads; it refuses anything newer. */
export const opsetMax: Readonly<Record<string, number>> = { '': 26, 'ai.onnx.ml': 5 };
export const irVersionMax = 13;
/** Operators that this runtime brings along. Others may only be functions that the file itself defines. */
const domains: readonly string[] = ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft'];
/** Gives another answer each time, even with a seed: the generator lives as long as the session. */
const randomOperators: readonly string[] = [
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
  'Sampling',
];
const dropoutOperators: readonly string[] = ['Dropout', 'BiasDropout', 'BitmaskDropout', 'BitmaskBiasDropout'];

const refuse = (code: string, detail: string): ScannedModel => ({ ok: false, refusal: { code, detail } });

/**
 * Reads a model file without running anything of it. Meant for a process that may die: a crafted file can still cost
 * memory here.
 */
export const scanModel = (bytes: Uint8Array): ScannedModel => {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch {
    return refuse('not_onnx', 'The file is no ONNX model, or only a part of one. Export it again and send all of it.');
  }
  const { graph } = model;
  if (!graph || model.irVersion <= 0n || graph.output.length === 0) {
    return refuse('not_onnx', 'The file holds no ONNX graph. Send the .onnx file itself, unpacked and complete.');
  }
  const opset = Object.fromEntries(
    model.opsetImport.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, Number(version)]),
  );
  const irVersion = Number(model.irVersion);
  const problem = tooNew(irVersion, opset) ?? foreign(model);
  if (problem) return { ok: false, refusal: problem };

  const initialized = new Set(graph.initializer.map(({ name }) => name));
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  for (const [values, into] of [
    [graph.input.filter(({ name }) => !initialized.has(name)), inputs],
    [graph.output, outputs],
  ] as const) {
    for (const value of values) {
      const info = valueInfoOf(value);
      if (!info) {
        return refuse(
          'unsupported_type',
          `${value.name} is of type ${typeNameOf(value)}. Cast it to a float, integer, bool or string tensor.`,
        );
      }
      into.push(info);
    }
  }
  const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
  const classes = classesOf(model);
  const replayable = !isRandom(model);
  return {
    ok: true,
    file: { irVersion, opset, metadata, ...(classes ? { classes } : undefined), inputs, outputs, replayable },
  };
};

const tooNew = (irVersion: number, opset: ModelFile['opset']): ModelRefusal | undefined => {
  if (irVersion > irVersionMax) {
    return {
      code: 'ir_too_new',
      detail: `The file is of IR version ${irVersion}; up to ${irVersionMax} can be read. Set model.ir_version = ${irVersionMax} or lower when you export it.`,
    };
  }
  for (const [domain, max] of Object.entries(opsetMax)) {
    const version = opset[domain] ?? 0;
    if (version > max) {
      return {
        code: 'opset_too_new',
        detail: `The file is of opset ${version} of ${domain || 'ai.onnx'}; up to ${max} can be run. Export it with a lower target opset.`,
      };
    }
  }
  return undefined;
};

/** What would reach outside of the file: data in other files, operators of other libraries. */
const foreign = (model: ModelProto): ModelRefusal | undefined => {
  let refusal: ModelRefusal | undefined;
  const own = new Set(model.functions.map(({ domain, name }) => `${domain}:${name}`));
  visitModel(model, {
    tensor({ name, dataLocation, externalData }) {
      if (dataLocation !== TensorProto_DataLocation.EXTERNAL && externalData.length === 0) return;
      refusal ??= {
        code: 'external_data',
        detail: `The tensor ${name || '(unnamed)'} is kept in another file. Save the model as one file: onnx.save(model, path, save_as_external_data=False).`,
      };
    },
    node({ domain, opType }) {
      if (domains.includes(domain) || own.has(`${domain}:${opType}`)) return;
      refusal ??= {
        code: 'custom_domain',
        detail: `The operator ${opType} is of the domain ${domain}, which cannot be run here. Use operators of ai.onnx, ai.onnx.ml or com.microsoft.`,
      };
    },
  });
  return refusal;
};

const isRandom = (model: ModelProto): boolean => {
  let random = false;
  visitModel(model, {
    tensor() {},
    node(node, constants) {
      random ||= randomOperators.includes(node.opType) || dropsOut(node, constants);
    },
  });
  return random;
};

/** Dropout does nothing unless its training mode is on: an input that is absent, or false, keeps it off. */
const dropsOut = ({ opType, input }: NodeProto, constants: readonly TensorProto[]): boolean => {
  if (!dropoutOperators.includes(opType)) return false;
  const mode = input[opType.includes('Bias') ? 4 : 2];
  if (!mode) return false;
  const constant = constants.find(({ name }) => name === mode);
  return !constant || [...constant.rawData, ...constant.int32Data].some((value) => value !== 0);
};
