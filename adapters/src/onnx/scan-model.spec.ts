import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType as Type,
  type ValueInfoProtoSchema,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { irVersionMax, opsetMax, scanModel } from './scan-model.ts';

/** Plain objects only: they can be spread. */
type Init<Schema extends DescMessage> = Exclude<MessageInitShape<Schema>, { $typeName: string }>;
type Node = Init<typeof NodeProtoSchema>;
type Value = Init<typeof ValueInfoProtoSchema>;
type Graph = Init<typeof GraphProtoSchema>;
type Model = Init<typeof ModelProtoSchema>;

const value = (name: string, elemType: number = Type.FLOAT, ...sizes: (bigint | string)[]): Value => ({
  name,
  type: {
    value: {
      case: 'tensorType',
      value: {
        elemType,
        shape: {
          dim: sizes.map((size) => ({
            value: typeof size === 'string' ? { case: 'dimParam', value: size } : { case: 'dimValue', value: size },
          })),
        },
      },
    },
  },
});
const scan = (node: Node[], graph: Graph = {}, model: Model = {}) =>
  scanModel(
    toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: 8n,
        opsetImport: [{ domain: '', version: 17n }],
        graph: { node, input: [value('x', Type.FLOAT, 'N', 4n)], output: [value('y', Type.FLOAT, 'N')], ...graph },
        ...model,
      }),
    ),
  );
const codeOf = (scanned: ReturnType<typeof scanModel>) => (scanned.ok ? 'ok' : scanned.refusal.code);
const isReplayable = (scanned: ReturnType<typeof scanModel>) => scanned.ok && scanned.file.replayable;
const inside = (node: Node): Node => ({ opType: 'If', attribute: [{ name: 'then_branch', g: { node: [node] } }] });

describe('scanModel', () => {
  it('tells what the file says of itself', () => {
    const scanned = scan([{ opType: 'Identity' }], {}, { metadataProps: [{ key: 'k', value: 'v' }] });
    expect(scanned).toEqual({
      ok: true,
      file: {
        irVersion: 8,
        opset: { '': 17 },
        metadata: { k: 'v' },
        inputs: [{ name: 'x', kind: 'tensor', datatype: 'float32', shape: ['N', 4] }],
        outputs: [{ name: 'y', kind: 'tensor', datatype: 'float32', shape: ['N'] }],
        replayable: true,
      },
    });
  });

  it('leaves out inputs that are only initial values, and sizes that say nothing', () => {
    const input = [value('x', Type.INT64, -1n, ''), value('w')];
    const scanned = scan([], { input, initializer: [{ name: 'w', dataType: Type.FLOAT }] });
    expect(scanned.ok && scanned.file.inputs).toEqual([
      { name: 'x', kind: 'tensor', datatype: 'int64', shape: [null, null] },
    ]);
  });

  it('refuses bytes that are no model', () => {
    for (const bytes of [new Uint8Array(), Uint8Array.of(1, 2, 3), new TextEncoder().encode('{"a":1}')]) {
      expect(codeOf(scanModel(bytes))).toBe('not_onnx');
    }
  });

  it('refuses what is newer than the runtime', () => {
    expect(codeOf(scan([], {}, { irVersion: BigInt(irVersionMax) }))).toBe('ok');
    expect(codeOf(scan([], {}, { irVersion: BigInt(irVersionMax + 1) }))).toBe('ir_too_new');
    for (const [domain, max] of Object.entries(opsetMax)) {
      const at = (version: number) => codeOf(scan([], {}, { opsetImport: [{ domain, version: BigInt(version) }] }));
      expect([at(max), at(max + 1)]).toEqual(['ok', 'opset_too_new']);
    }
  });

  it('refuses element types that it cannot read or write', () => {
    expect(scan([], { output: [value('y', Type.BFLOAT16)] })).toMatchObject({
      refusal: { code: 'unsupported_type', detail: expect.stringContaining('BFLOAT16') },
    });
  });

  it('finds external data wherever it hides', () => {
    const away = { name: 'w', dataLocation: TensorProto_DataLocation.EXTERNAL };
    const listed = { name: 'w', externalData: [{ key: 'location', value: '/etc/passwd' }] };
    const hidden = [away, listed].flatMap((tensor) => [
      scan([], { initializer: [tensor] }),
      scan([], { sparseInitializer: [{ values: tensor }] }),
      scan([], { sparseInitializer: [{ indices: tensor }] }),
      scan([{ opType: 'Constant', attribute: [{ name: 'value', t: tensor }] }]),
      scan([{ opType: 'Constant', attribute: [{ name: 'values', tensors: [tensor] }] }]),
      scan([{ opType: 'Constant', attribute: [{ name: 'sparse_value', sparseTensor: { values: tensor } }] }]),
      scan([inside(inside({ opType: 'Constant', attribute: [{ name: 'value', t: tensor }] }))]),
      scan([{ opType: 'If', attribute: [{ name: 'many', graphs: [{ initializer: [tensor] }] }] }]),
      scan([], {}, { functions: [{ name: 'f', node: [{ opType: 'Constant', attribute: [{ t: tensor }] }] }] }),
      scan([], {}, { functions: [{ name: 'f', attributeProto: [{ name: 'a', t: tensor }] }] }),
      scan([], {}, { trainingInfo: [{ algorithm: { initializer: [tensor] } }] }),
      scan([], {}, { trainingInfo: [{ initialization: { initializer: [tensor] } }] }),
    ]);
    expect(new Set(hidden.map(codeOf))).toEqual(new Set(['external_data']));
  });

  it('refuses operators of other libraries, but not functions that the file defines', () => {
    const custom: Node = { opType: 'Double', domain: 'com.example' };
    expect(codeOf(scan([custom]))).toBe('custom_domain');
    expect(codeOf(scan([inside(custom)]))).toBe('custom_domain');
    const functions = [{ name: 'Double', domain: 'com.example', node: [{ opType: 'Add' }] }];
    expect(codeOf(scan([custom], {}, { functions }))).toBe('ok');
    for (const domain of ['ai.onnx', 'ai.onnx.ml', 'com.microsoft']) {
      expect(codeOf(scan([{ opType: 'Any', domain }]))).toBe('ok');
    }
  });

  it('reads the class labels of the one classifier', () => {
    const classesOf = (...nodes: Node[]) => {
      const scanned = scan(nodes);
      return scanned.ok ? scanned.file.classes : scanned.refusal;
    };
    const classifier = (opType: string, name: string, labels: object): Node => ({
      opType,
      domain: 'ai.onnx.ml',
      attribute: [{ name, ...labels }],
    });
    const strings = ['no', 'yés'].map((text) => new TextEncoder().encode(text));
    const named = classifier('SVMClassifier', 'classlabels_strings', { strings });
    expect(classesOf({ opType: 'Scaler' }, named)).toEqual(['no', 'yés']);
    expect(classesOf(classifier('LinearClassifier', 'classlabels_ints', { ints: [7n, -1n] }))).toEqual(['7', '-1']);
    expect(classesOf(classifier('TreeEnsembleClassifier', 'classlabels_int64s', { ints: [0n, 1n] }))).toEqual([
      '0',
      '1',
    ]);
    expect(classesOf(named, named)).toBeUndefined();
    expect(classesOf(named, inside(named))).toBeUndefined();
    expect(classesOf(classifier('LinearClassifier', 'classlabels_ints', {}))).toBeUndefined();
    expect(classesOf({ ...named, domain: '' })).toBeUndefined();
    const many = { ints: Array.from({ length: 10_001 }, (_, i) => BigInt(i)) };
    expect(classesOf(classifier('LinearClassifier', 'classlabels_ints', many))).toBeUndefined();
  });

  it('finds random operators, and Dropout only where it drops', () => {
    expect(isReplayable(scan([inside({ opType: 'Multinomial' })]))).toBe(false);
    const functions = [{ name: 'f', node: [{ opType: 'Bernoulli' }] }];
    expect(isReplayable(scan([], {}, { functions }))).toBe(false);
    const dropout = (...input: string[]): Node[] => [{ opType: 'Dropout', input }];
    const mode = (value: number) => ({ initializer: [{ name: 'mode', dataType: Type.BOOL, int32Data: [value] }] });
    expect(isReplayable(scan(dropout('x', 'ratio')))).toBe(true);
    expect(isReplayable(scan(dropout('x', 'ratio', 'mode')))).toBe(false);
    expect(isReplayable(scan(dropout('x', 'ratio', 'mode'), mode(1)))).toBe(false);
    expect(isReplayable(scan(dropout('x', 'ratio', 'mode'), mode(0)))).toBe(true);
  });
});
