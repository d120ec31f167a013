import { nearNames } from '../near-names.ts';
import type { Feature, ModelSignature } from './model-signature.ts';
import { elementChecks } from './validate-input-element.ts';
import { inputLayout } from './validate-input-layout.ts';
import { checkShaped, type Report } from './validate-input-shape.ts';

/** One fault of an input. `pointer` is a JSON pointer (RFC 6901) into the input, "" for all of it. */
export interface InputFault {
  readonly pointer: string;
  readonly detail: string;
}
export type InputValidator = (input: unknown) => readonly InputFault[];

/** How many faults of one input are told at most. */
export const inputFaultsMax = 20;
/** Of so many unknown names of one input it is told which features they are like. */
const likenedMax = 3;

const noFaults: readonly InputFault[] = [];
const compiled = new WeakMap<ModelSignature, InputValidator>();

/** No faults: the input can become tensors as it stands. The validator of a signature is made once. */
export const validateInput = (signature: ModelSignature, input: unknown): readonly InputFault[] =>
  compileInput(signature)(input);

/** The validator of a signature; compiled once per signature object. */
export const compileInput = (signature: ModelSignature): InputValidator => {
  const known = compiled.get(signature);
  if (known) return known;
  const validator = compile(signature);
  compiled.set(signature, validator);
  return validator;
};

const compile = (signature: ModelSignature): InputValidator => {
  const { features } = signature;
  const { formOf, valueIn } = inputLayout(signature);
  const checks = features.map((feature) => elementChecks[feature.datatype]);
  const scalar = features.map((feature) => feature.shape.length === 0);
  const names = new Set(features.map((feature) => feature.name));

  const findFaults = (input: unknown): readonly InputFault[] => {
    const form = formOf(input);
    const faults: InputFault[] = [];
    const report: Report = (pointer, detail) => faults.push({ pointer, detail }) < inputFaultsMax;
    if (form === 'positional') {
      const misfit = positionalMisfit(input, features);
      if (misfit !== undefined) return [{ pointer: '', detail: misfit }];
    }
    for (let i = 0; i < features.length; i++) {
      const feature = features[i] as Feature;
      const value = valueIn(input, form, i);
      const pointer = form === 'bare' ? '' : form === 'named' ? `/${escaped(feature.name)}` : `/${i}`;
      const check = checks[i] as (typeof checks)[number];
      if (value === undefined || value === null) {
        const detail = value === null ? nullFault(feature) : absenceFault(feature);
        if (detail !== undefined && !report(pointer, detail)) return faults;
      } else if (scalar[i]) {
        const detail = check(value);
        if (detail !== undefined && !report(pointer, detail)) return faults;
      } else if (!checkShaped(feature, check, value, pointer, report)) return faults;
    }
    if (form === 'named') {
      let likened = 0;
      for (const name of Object.keys(input as object)) {
        if (names.has(name)) continue;
        likened += 1;
        const meant = likened <= likenedMax ? meantBy(name, input as object) : '';
        if (!report(`/${escaped(name)}`, `is not a feature of this model${meant}`)) return faults;
      }
    }
    return faults;
  };

  /** Of the features that the input lacks: one that it has is not what another name stands for. */
  const meantBy = (name: string, input: object): string => {
    const lacked = [...names].filter((known) => !Object.hasOwn(input, known));
    const near = nearNames(name, lacked);
    return near.length > 0 ? ` (did you mean ${near.join(' or ')}?)` : '';
  };

  /** The common case without any allocation: every feature present by name, scalar and in order. */
  const fits = (input: unknown): boolean => {
    const form = formOf(input);
    if (form !== 'named' && (form === 'bare' || positionalMisfit(input, features) !== undefined)) return false;
    for (let i = 0; i < features.length; i++) {
      const value = valueIn(input, form, i);
      if (value === undefined || !scalar[i]) return false;
      if (value === null) {
        if (nullFault(features[i] as Feature) !== undefined) return false;
      } else if ((checks[i] as (typeof checks)[number])(value) !== undefined) return false;
    }
    return form === 'positional' || Object.keys(input as object).length === features.length;
  };

  return (input) => (fits(input) ? noFaults : findFaults(input));
};

const positionalMisfit = (input: unknown, features: readonly Feature[]): string | undefined => {
  if (!Array.isArray(input)) return 'must be an object of features by name, or an array of them by position';
  if (input.length === features.length) return undefined;
  return `must have ${features.length} elements, one per feature, not ${input.length}`;
};

/** Only a scalar can be filled in: a whole tensor of NaN is never what was meant. */
const nullFault = ({ missing, shape }: Feature): string | undefined =>
  missing !== 'refuse' && shape.length === 0 ? undefined : 'must not be null';

/** A name that is left out may be one that was mistyped: only a default, which somebody has chosen, stands in for it. */
const absenceFault = (feature: Feature): string | undefined => {
  if (nullFault(feature) !== undefined) return 'is missing';
  return feature.missing === 'default' ? undefined : 'is missing; send null where the value is not known';
};

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
