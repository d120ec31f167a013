import { type Static, Type } from '@sinclair/typebox';
import { JobFailure } from '../job-handler.ts';
import type { DatasetSpec, Redaction } from './dataset-spec.ts';
import type { Leaf, LeafKind } from './json-leaves.ts';
import type { VersionRules } from './version-rules.ts';

export const COLUMN_TYPES = ['string', 'number', 'integer', 'boolean', 'time', 'json'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** Wider sets are refused: name the inputs that are wanted. */
export const columnsMax = 4_000;

export const datasetColumnSchema = Type.Object({
  name: Type.String(),
  type: Type.Union(
    COLUMN_TYPES.map((type) => Type.Literal(type)),
    { description: 'json: the text of a value that is nested, or not of one kind in all rows' },
  ),
  role: Type.Union(
    (['key', 'time', 'model', 'input', 'defaulted', 'context', 'output', 'label', 'split'] as const).map((r) =>
      Type.Literal(r),
    ),
    { description: 'defaulted: whether the version filled in a feature that the input does not have' },
  ),
  redacted: Type.Optional(Type.Union([Type.Literal('hmac'), Type.Literal('bucket')])),
});
export type DatasetColumn = Static<typeof datasetColumnSchema>;
type Role = DatasetColumn['role'];

/** A column, and where its values are from: a place in the input, context or output, or else `name` of what every row has. */
export interface PlannedColumn extends DatasetColumn {
  /** Names of members and places in lists, from the outside in. */
  readonly path?: readonly string[];
  readonly redaction?: Exclude<Redaction, { how: 'drop' }>;
  /** Of a threshold: what it is by version. */
  readonly thresholds?: readonly { readonly version: number; readonly threshold: number }[];
  /** Of a mask: the feature, and the versions that have a default for it. */
  readonly feature?: { readonly name: string; readonly versions: readonly number[] };
}

export class ColumnMistake extends JobFailure {
  constructor(detail: string) {
    super('invalid_columns', detail);
    this.name = 'ColumnMistake';
  }
}

/** What was seen in the rows of a set; it decides which columns there are. */
export interface SeenLeaves {
  readonly input: readonly Leaf[];
  readonly context: readonly Leaf[];
  readonly output: readonly Leaf[];
  readonly label: readonly LeafKind[];
  /** Versions that ran here, without those that were imported. */
  readonly versions: readonly number[];
}

const before: readonly (readonly [string, ColumnType, Role])[] = [
  ['predictionId', 'string', 'key'],
  ['referenceId', 'string', 'key'],
  ['entity', 'string', 'key'],
  ['tenant', 'string', 'key'],
  ['position', 'string', 'key'],
  ['eventTime', 'time', 'time'],
  ['madeAt', 'time', 'time'],
  ['acceptedAt', 'time', 'time'],
  ['completedAt', 'time', 'time'],
  ['model', 'string', 'model'],
  ['version', 'integer', 'model'],
  ['sha256', 'string', 'model'],
  ['role', 'string', 'model'],
  ['share', 'number', 'model'],
  ['runtime', 'string', 'model'],
];
const behind: readonly (readonly [string, ColumnType, Role])[] = [
  ['labelOccurredAt', 'time', 'label'],
  ['labelRecordedAt', 'time', 'label'],
  ['labelSource', 'string', 'label'],
  ['labelRevision', 'integer', 'label'],
  ['labelWeight', 'number', 'label'],
  ['split', 'string', 'split'],
];

/** How deep objects are opened into columns: of inputs their members, of outputs the members of these too. */
export const openedDepth = { input: 1, context: 1, output: 2 } as const;

/**
 * The columns of a set, in their order.
 * @throws ColumnMistake where a redaction names what is not there, cannot be done, or would not reach all rows
 */
export const planColumns = (
  spec: DatasetSpec,
  seen: SeenLeaves,
  known: readonly VersionRules[],
): readonly PlannedColumn[] => {
  const rules = known.filter(({ version }) => seen.versions.includes(version));
  const named = (list: typeof before): PlannedColumn[] => list.map(([name, type, role]) => ({ name, type, role }));
  const label: PlannedColumn = { name: 'label', type: labelType(new Set(seen.label)), role: 'label' };
  const columns = [
    ...named(before),
    thresholdColumn(rules),
    ...jsonColumns('input', seen.input, spec.inputs),
    ...defaultedColumns(rules, spec.inputs),
    ...jsonColumns('context', seen.context, spec.context ?? []),
    ...jsonColumns('output', seen.output, undefined),
    label,
    ...named(behind),
  ];
  if (columns.length > columnsMax)
    throw new ColumnMistake(
      `The set would have ${columns.length} columns, ${columnsMax} are allowed: name its inputs.`,
    );
  const all = apart(columns);
  for (const role of ['input', 'output'] as const) {
    const hidden = all.find((one) => one.role === role && spec.redact.some(({ column }) => column === one.name));
    const forms = formsOf(seen[role], role === 'input' ? spec.inputs : undefined);
    if (hidden && forms.size > 1) throw new ColumnMistake(formsDiffer(hidden.name, role));
  }
  return redacted(all, spec.redact);
};

/** In which forms inputs or outputs stand in columns. What one has at a name, another has at a place of a list, or is itself. */
const formsOf = (leaves: readonly Leaf[], wanted: readonly string[] | undefined): ReadonlySet<string> => {
  const forms = new Set<string>();
  for (const { path, kind, isPlace } of leaves) {
    const [name] = path;
    if (wanted && (name === undefined || !wanted.includes(name))) continue;
    if (name !== undefined) forms.add(isPlace ? 'list' : 'object');
    else if (kind !== 'null') forms.add('value');
  }
  return forms;
};

const formsDiffer = (column: string, role: 'input' | 'output'): string => {
  const wayOut = role === 'input' ? ', or name the inputs that are wanted' : '';
  return `Some ${role}s are objects and others lists or single values without names: what is to be redacted in ${column} may stand in other columns. Cut them apart, by version, role or time${wayOut}.`;
};

const thresholdColumn = (rules: readonly VersionRules[]): PlannedColumn => ({
  ...{ name: 'threshold', type: 'number', role: 'model' },
  thresholds: rules.flatMap(({ version, threshold }) => (threshold === undefined ? [] : [{ version, threshold }])),
});

/** A mask for each input that a version of the set has a default for. */
const defaultedColumns = (rules: readonly VersionRules[], wanted: readonly string[] | undefined): PlannedColumn[] => {
  const features = new Map<string, number[]>();
  for (const { version, defaults } of rules) {
    for (const name of defaults) features.set(name, [...(features.get(name) ?? []), version]);
  }
  return [...features]
    .filter(([name]) => wanted?.includes(name) ?? true)
    .sort(([a], [b]) => byPath([a], [b]))
    .map(([name, versions]) => ({
      ...{ name: nameOf(['defaulted', name]), type: 'boolean', role: 'defaulted' },
      feature: { name, versions },
    }));
};

const typeOf = (kinds: ReadonlySet<LeafKind>): ColumnType => {
  // Beside other texts it is one of them.
  const notFinite = kinds.has('string') ? 'string' : 'number';
  const told = new Set([...kinds].map((kind) => (kind === 'notFinite' ? notFinite : kind)));
  const [first, ...more] = [...told].filter((kind) => kind !== 'null');
  if (first === undefined) return 'string';
  return more.length > 0 || first === 'nested' ? 'json' : first;
};

/** Labels of several kinds are texts: a `yes` stays what it is where somebody once said `true`. */
const labelType = (kinds: ReadonlySet<LeafKind>): ColumnType => {
  const type = typeOf(kinds);
  return type === 'json' ? 'string' : type;
};

/** No SQL has a name with a NUL in it: its picture stands for it. */
const nameOf = (path: readonly string[]): string => path.join('.').replaceAll('\0', '\u2400');

const jsonColumns = (
  role: 'input' | 'context' | 'output',
  leaves: readonly Leaf[],
  wanted: readonly string[] | undefined,
): PlannedColumn[] => {
  const kinds = new Map<string, { readonly path: readonly string[]; readonly kinds: Set<LeafKind> }>();
  for (const { path, kind } of leaves) {
    const at = JSON.stringify(path);
    const known = kinds.get(at) ?? { path, kinds: new Set() };
    known.kinds.add(kind);
    kinds.set(at, known);
  }
  closeMixed(kinds);
  const column = (path: readonly string[], of_: ReadonlySet<LeafKind>): PlannedColumn => ({
    name: nameOf([role, ...path]),
    type: typeOf(of_),
    role,
    path,
  });
  if (wanted) return wanted.map((name) => column([name], kinds.get(JSON.stringify([name]))?.kinds ?? new Set()));
  const found = [...kinds.values()].filter(
    ({ path, kinds: of_ }) => path.length > 0 || typeOf(of_) !== 'string' || of_.has('string'),
  );
  return found.sort((a, b) => byPath(a.path, b.path)).map(({ path, kinds: of_ }) => column(path, of_));
};

/**
 * What is an object in one row and something else in another is one column of JSON, and not taken apart; but for the whole
 * value: a single row that is no object stands in a column of its own, and takes nothing from the others.
 */
const closeMixed = (kinds: Map<string, { readonly path: readonly string[]; readonly kinds: Set<LeafKind> }>): void => {
  const outerFirst = [...kinds].sort(([, a], [, b]) => a.path.length - b.path.length);
  for (const [at, { path, kinds: of }] of outerFirst) {
    const inner = [...kinds].filter(([, other]) => isInside(other.path, path));
    if (inner.length === 0 || !kinds.has(at)) continue;
    if ([...of].every((kind) => kind === 'null')) kinds.delete(at);
    else if (path.length > 0) {
      of.add('nested');
      for (const [name] of inner) kinds.delete(name);
    }
  }
};

const isInside = (path: readonly string[], outer: readonly string[]): boolean =>
  path.length > outer.length && outer.every((name, at) => path[at] === name);

const digits = /^\d{1,9}$/;

/** Places of lists in their order, names by their UTF-16 units: the same in every language and on every machine. */
const byPath = (a: readonly string[], b: readonly string[]): number => {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const [left = '', right = ''] = [a[at], b[at]];
    if (left === right) continue;
    const [isPlace, isOther] = [digits.test(left), digits.test(right)];
    if (isPlace && isOther && Number(left) !== Number(right)) return Number(left) - Number(right);
    if (isPlace !== isOther) return isPlace ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
};

/** Readers of Parquet do not tell `A` from `a`: of such names the later ones get a number. */
const apart = (columns: readonly PlannedColumn[]): PlannedColumn[] => {
  const taken = new Set<string>();
  return columns.map((column) => {
    let { name } = column;
    for (let more = 2; taken.has(name.toLowerCase()); more++) name = `${column.name}~${more}`;
    taken.add(name.toLowerCase());
    return { ...column, name };
  });
};

const hashable: ReadonlySet<string> = new Set(['referenceId', 'entity', 'labelSource']);

const redacted = (columns: readonly PlannedColumn[], redactions: readonly Redaction[]): readonly PlannedColumn[] => {
  const byName = new Map(redactions.map((redaction) => [redaction.column, redaction]));
  const unknown = redactions.find(({ column }) => !columns.some(({ name }) => name === column));
  if (unknown) throw new ColumnMistake(`There is no column ${unknown.column} that could be redacted.`);
  return columns.flatMap((column): PlannedColumn[] => {
    const redaction = byName.get(column.name);
    if (!redaction) return [column];
    if (redaction.how === 'drop') return [];
    if (redaction.how === 'bucket') {
      if (column.type === 'number' && column.path) return [{ ...column, redaction, redacted: 'bucket' }];
      throw new ColumnMistake(`The column ${column.name} has no numbers to be put into buckets.`);
    }
    if (!column.path && !hashable.has(column.name)) throw new ColumnMistake(`The column ${column.name} takes no hmac.`);
    return [{ ...column, type: 'string', redaction, redacted: 'hmac' }];
  });
};

/** As it stands in the manifest. */
export const describeColumn = ({ name, type, role, redacted: how }: PlannedColumn): DatasetColumn => ({
  name,
  type,
  role,
  ...(how === undefined ? undefined : { redacted: how }),
});
