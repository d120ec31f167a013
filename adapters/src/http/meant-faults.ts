import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors';
import { problemErrorsMax } from './problem.ts';

/** Faults that say of a value that it is of another kind. */
const ofKind: ReadonlySet<ValueErrorType> = new Set([
  ...[ValueErrorType.Array, ValueErrorType.Object, ValueErrorType.Union, ValueErrorType.Null],
  ...[ValueErrorType.String, ValueErrorType.Boolean, ValueErrorType.Number, ValueErrorType.Integer],
]);

/**
 * In the place of "it is none of these" what is wrong with the one alternative that was meant, where there is one: a text
 * that is too long is told that, and not that a text was expected.
 */
export function* meantFaults(faults: Iterable<ValueError>): Generator<ValueError> {
  for (const fault of faults) {
    const meant = fault.type === ValueErrorType.Union ? alternativesMeant(fault) : [];
    if (meant.length === 1) yield* meantFaults(meant[0] as readonly ValueError[]);
    else yield fault;
  }
}

/** The faults of each alternative that the value is of the kind of, and has the fixed texts of. */
const alternativesMeant = ({ path, errors }: ValueError): readonly (readonly ValueError[])[] =>
  errors
    .map((faults) => firstOf(faults))
    .filter((faults) =>
      faults.every(({ type, path: at }) => type !== ValueErrorType.Literal && !(at === path && ofKind.has(type))),
    );

const firstOf = (faults: Iterable<ValueError>): readonly ValueError[] => {
  const first: ValueError[] = [];
  for (const fault of faults) {
    first.push(fault);
    if (first.length === problemErrorsMax) break;
  }
  return first;
};
