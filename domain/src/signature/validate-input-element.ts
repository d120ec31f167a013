import type { Datatype } from './model-signature.ts';

/** What is wrong with one element, in words; undefined where nothing is. */
export type ElementCheck = (value: unknown) => string | undefined;

const float32Limit = 3.4028235677973366e38;
const float16Limit = 65520;

const floatCheck = (limit: number, datatype: Datatype): ElementCheck => {
  const outside = `must lie in the range of a ${datatype}`;
  return (value) => {
    if (typeof value === 'number') {
      if (value < limit && value > -limit) return undefined;
      return Number.isFinite(value) ? outside : 'must be a finite number, or null';
    }
    return typeof value === 'boolean' ? undefined : 'must be a number';
  };
};

const integerCheck = (min: number, max: number): ElementCheck => {
  const detail = `must be an integer from ${min} to ${max}`;
  return (value) => {
    if (typeof value === 'number') return value >= min && value <= max && Number.isInteger(value) ? undefined : detail;
    return typeof value === 'boolean' ? undefined : detail;
  };
};

const decimal = /^-?(?:0|[1-9][0-9]{0,19})$/;

const bigIntegerCheck = (min: bigint, max: bigint): ElementCheck => {
  const detail = `must be an integer from ${min} to ${max}, as a number or as a decimal string`;
  const unsafe = 'must be sent as a decimal string: JSON numbers beyond 2^53 lose digits';
  return (value) => {
    if (typeof value === 'number') {
      if (!Number.isInteger(value)) return detail;
      if (!Number.isSafeInteger(value)) return unsafe;
      return value < 0 && min === 0n ? detail : undefined;
    }
    if (typeof value === 'boolean') return undefined;
    if (typeof value !== 'string' || !decimal.test(value)) return detail;
    const parsed = BigInt(value);
    return parsed >= min && parsed <= max ? undefined : detail;
  };
};

const boolCheck: ElementCheck = (value) =>
  value === true || value === false || value === 0 || value === 1 ? undefined : 'must be true, false, 1 or 0';

/** onnxruntime-node ends a text at a NUL: the model would get less than the log says. */
const stringCheck: ElementCheck = (value) => {
  if (typeof value !== 'string') return 'must be a string';
  return value.includes('\0') ? 'must not contain a NUL character: models get texts only up to it' : undefined;
};

/** Checks a present element: null is the caller's business. */
export const elementChecks: Readonly<Record<Datatype, ElementCheck>> = {
  float64: floatCheck(Number.POSITIVE_INFINITY, 'float64'),
  float32: floatCheck(float32Limit, 'float32'),
  float16: floatCheck(float16Limit, 'float16'),
  int8: integerCheck(-128, 127),
  int16: integerCheck(-32_768, 32_767),
  int32: integerCheck(-2_147_483_648, 2_147_483_647),
  int64: bigIntegerCheck(-(2n ** 63n), 2n ** 63n - 1n),
  uint8: integerCheck(0, 255),
  uint16: integerCheck(0, 65_535),
  uint32: integerCheck(0, 4_294_967_295),
  uint64: bigIntegerCheck(0n, 2n ** 64n - 1n),
  bool: boolCheck,
  string: stringCheck,
};
