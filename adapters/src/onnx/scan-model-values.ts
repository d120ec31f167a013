import type { ValueInfo } from '@hindcast/domain';
import { TensorProto_DataType as OnnxType, type TypeProto, type ValueInfoProto } from 'onnx-buf';

type Datatype = NonNullable<ValueInfo['datatype']>;

const datatypes: ReadonlyMap<number, Datatype> = new Map([
  [OnnxType.FLOAT, 'float32'],
  [OnnxType.DOUBLE, 'float64'],
  [OnnxType.FLOAT16, 'float16'],
  [OnnxType.INT8, 'int8'],
  [OnnxType.INT16, 'int16'],
  [OnnxType.INT32, 'int32'],
  [OnnxType.INT64, 'int64'],
  [OnnxType.UINT8, 'uint8'],
  [OnnxType.UINT16, 'uint16'],
  [OnnxType.UINT32, 'uint32'],
  [OnnxType.UINT64, 'uint64'],
  [OnnxType.BOOL, 'bool'],
  [OnnxType.STRING, 'string'],
]);

/** What a graph says of one input or output; undefined where no port of Hindcast has such a type. */
export const valueInfoOf = ({ name, type }: ValueInfoProto): ValueInfo | undefined => {
  const value = type?.value;
  switch (value?.case) {
    case 'tensorType': {
      const datatype = datatypes.get(value.value.elemType);
      if (!datatype) return undefined;
      const { shape } = value.value;
      return { name, kind: 'tensor', datatype, ...(shape ? { shape: shape.dim.map(sizeOf) } : undefined) };
    }
    case 'sequenceType':
      return { name, kind: 'sequence' };
    case 'mapType':
      return { name, kind: 'map' };
    case 'optionalType':
      return { name, kind: 'optional' };
    default:
      return undefined;
  }
};

type Dimension = NonNullable<Extract<TypeProto['value'], { case: 'tensorType' }>['value']['shape']>['dim'][number];

const sizeOf = ({ value }: Dimension): number | string | null => {
  if (value.case === 'dimParam') return value.value === '' ? null : value.value;
  return value.case === 'dimValue' && value.value >= 0n ? Number(value.value) : null;
};

/** The name of an element type, for a text that says which is not supported. */
export const typeNameOf = ({ type }: ValueInfoProto): string =>
  type?.value.case === 'tensorType'
    ? (OnnxType[type.value.value.elemType] ?? 'unknown')
    : (type?.value.case ?? 'no type');
