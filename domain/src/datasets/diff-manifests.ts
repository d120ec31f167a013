import { canonicalJson } from '../canonical-json.ts';
import type { DatasetManifest } from './dataset-manifest.ts';

/** One thing in which two sets differ; a side that does not have it is left out. */
export interface ManifestDifference {
  /** A JSON pointer into the manifest; columns and files are named instead of counted. */
  readonly at: string;
  readonly a?: unknown;
  readonly b?: unknown;
}

const compared = [
  'spec',
  'cut',
  'cutAt',
  'extractor',
  'redactionKeyId',
  'accountedFor',
  'ignored',
  'labelCoverage',
] as const;
type Json = Readonly<Record<string, unknown>>;

/** In which way two data sets differ, from what was asked to what came of it. Empty for the same set. */
export const diffManifests = (a: DatasetManifest, b: DatasetManifest): readonly ManifestDifference[] => {
  const view = (manifest: DatasetManifest): Json => ({
    ...Object.fromEntries(compared.map((name) => [name, manifest[name]])),
    cut: { ...manifest.cut, ranges: named(manifest.cut.ranges, ({ partition }) => String(partition)) },
    roots: named(manifest.roots ?? [], ({ partition }) => String(partition)),
    columns: named(manifest.columns, ({ name }) => name),
    files: named(manifest.files, ({ name }) => name),
  });
  return differences(view(a), view(b), '');
};

const named = <T>(list: readonly T[], nameOf: (one: T) => string): Json =>
  Object.fromEntries(list.map((one) => [nameOf(one), one]));

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const differences = (a: Json, b: Json, at: string): ManifestDifference[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name): ManifestDifference[] => {
    const [left, right] = [a[name], b[name]];
    const pointer = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (isObject(left) && isObject(right)) return differences(left, right, pointer);
    if (left === right || (left !== undefined && right !== undefined && canonicalJson(left) === canonicalJson(right)))
      return [];
    return [{ at: pointer, ...(left !== undefined && { a: left }), ...(right !== undefined && { b: right }) }];
  });
