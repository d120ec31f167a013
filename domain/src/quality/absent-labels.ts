import { named } from './quality-contribution.ts';
import { addTo, microUnits, partMark, type QualitySums, type Sum, type SumsInTheMaking } from './quality-sums.ts';
import { classMeant } from './scored-output.ts';

/**
 * Counts every succeeded prediction without a label as if it had this one, of weight 1. Of numbers the mean absolute
 * error needs the value 0: for another one it cannot be known from sums, and `absUnknown` says so.
 * @returns how many were counted
 */
export const countAbsent = (sums: QualitySums, value: string | number | boolean, into: SumsInTheMaking): number => {
  const u = readerOf(sums);
  if (typeof value === 'number' && u.count('un') > 0) return absentNumbers(u, value, into);
  return absentClasses(u, value, into);
};

type Reader = ReturnType<typeof readerOf>;

const readerOf = (sums: QualitySums) => {
  const get = (name: string): Sum => (Object.hasOwn(sums, name) ? (sums[name] as Sum) : 0);
  return {
    get,
    count: (name: string): number => Number(get(name)),
    /** Names of one kind, in parts. */
    of: (kind: string): readonly (readonly [string, ...string[]])[] =>
      Object.keys(sums)
        .filter((name) => name.startsWith(`${kind}${partMark}`))
        .map((name) => name.split(partMark) as [string, ...string[]]),
  };
};

const asMicro = (count: Sum): string => (BigInt(count) * BigInt(microUnits)).toString();
const times = (sum: Sum, factor: number): string => (BigInt(sum) * BigInt(factor)).toString();

const absentNumbers = (u: Reader, value: number, into: SumsInTheMaking): number => {
  const n = u.count('un');
  addTo(into, 'rn', n);
  addTo(into, 'rw', asMicro(n));
  if (value === 0) {
    addTo(into, 'abs', u.get('uabs'));
    addTo(into, 'equal', asMicro(u.get('uzero')));
  } else addTo(into, 'absUnknown', n);
  const shift = Math.round(value * n * microUnits);
  addTo(into, 'error', u.get('uerror'));
  addTo(into, 'error', -shift);
  addTo(into, 'square', u.get('usquare'));
  addTo(into, 'square', Math.round(value * value * n * microUnits - 2 * value * Number(u.get('uerror'))));
  return n;
};

const absentClasses = (u: Reader, value: string | number | boolean, into: SumsInTheMaking): number => {
  const binned = new Set(u.of('uh').map(([, name]) => name));
  // Of two classes only the last one has a histogram. A sum of scores, or of losses, that is zero is not there.
  const names = [...new Set([...u.of('up'), ...u.of('ul')].map(([, name]) => name as string))].sort(
    (a, b) => Number(binned.has(a)) - Number(binned.has(b)),
  );
  const actual = classMeant(value, names, false);
  if (actual === undefined) return 0;
  let n = 0;
  for (const [, predicted] of u.of('uc')) {
    const count = u.count(named('uc', predicted as string));
    n += count;
    addTo(into, named('c', predicted as string, actual), asMicro(count));
    if (predicted === actual) addTo(into, 'correct', asMicro(count));
  }
  addTo(into, 'cn', n);
  for (const weight of ['cw', 'pw']) addTo(into, weight, asMicro(n));
  addTo(into, 'logLoss', u.get(named('ul', actual)));
  addTo(into, 'brier', u.get('ubrier'));
  if (names.length > 2 || binned.has(actual)) {
    addTo(into, 'brier', times(u.get(named('up', actual)), -2));
    addTo(into, 'brier', asMicro(n));
  }
  for (const [, decision] of u.of('ud'))
    addTo(into, named('d', decision as string, actual), asMicro(u.get(named('ud', decision as string))));
  for (const [, name, bin] of u.of('uh')) {
    const count = u.get(named('uh', name as string, bin as string));
    addTo(into, named('h', name as string, bin as string, Number(name === actual)), asMicro(count));
  }
  return n;
};
