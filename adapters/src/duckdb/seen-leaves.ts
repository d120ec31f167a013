import {
  type DatasetSpec,
  inputLeavesOf,
  JobFailure,
  type Leaf,
  type LeafKind,
  leavesOf,
  listColumnsMax,
  notFiniteTexts,
  openedDepth,
  outputKindOf,
  placesOf,
  type SeenLeaves,
} from '@hindcast/domain';
import type { DuckdbSession } from './duckdb-session.ts';
import { columnsOf, requestField } from './fold-sql.ts';
import type { SpilledPartition } from './spill-partition.ts';
import { pointer, texts } from './sql-text.ts';

/** More different members, or forms of lists, than this are no rows of one table. */
const formsMax = 20_000;
/** Rows that tell most members, before all rows are asked. */
const sampleRows = 2_048;

export class TooManyForms extends JobFailure {
  constructor() {
    super(
      'too_many_forms',
      `The events have more than ${formsMax} different members: they make no table. Name the inputs that are wanted.`,
    );
    this.name = 'TooManyForms';
  }
}

type Path = readonly string[];
type Role = keyof typeof openedDepth;

/** `json_type` names types of DuckDB; anything that is no text is nested. */
const kindOfType = (type: unknown): LeafKind => {
  if (typeof type !== 'string' || type === 'ARRAY' || type === 'OBJECT') return 'nested';
  if (type === 'NULL') return 'null';
  if (type === 'notFinite') return type;
  if (type === 'VARCHAR') return 'string';
  return type === 'BOOLEAN' ? 'boolean' : 'number';
};

const outputType = `CASE WHEN type = 'VARCHAR' AND list_contains(${texts(notFiniteTexts)}, said) THEN 'notFinite' ELSE type END`;

/** Records that rows are made of. */
const recordsOf = {
  input: `FROM req WHERE o IN (SELECT ro FROM acct WHERE account = 'rows')`,
  output: `FROM ans WHERE o IN (SELECT eo FROM acct WHERE account = 'rows')`,
} as const;
/** Values of rows whose members are not known by their form: JSON text. */
const valuesOf: Readonly<Record<Role, string>> = {
  input: `SELECT v AS j ${recordsOf.input} AND v IS NOT NULL AND form IS NULL`,
  context: `SELECT x AS j ${recordsOf.input} AND x IS NOT NULL`,
  output: `SELECT v AS j ${recordsOf.output} AND v IS NOT NULL AND form IS NULL`,
};

const distinct = async (session: DuckdbSession, select: string): Promise<readonly (readonly unknown[])[]> => {
  const found = await session.rows(`SELECT DISTINCT ${select} LIMIT ${formsMax + 1}`);
  if (found.length > formsMax) throw new TooManyForms();
  return found;
};

/**
 * What the rows of partitions look like: which members their values have, and of which types they are. Asking for members that
 * are known is several times as quick as having the structure of every value described, so it is asked until nothing is new.
 */
export const createSeenLeaves = () => {
  const seen: Record<Role, Map<string, Leaf>> = { input: new Map(), context: new Map(), output: new Map() };
  const members: Record<Role, Map<string, Path>> = { input: new Map(), context: new Map(), output: new Map() };
  const opened: Record<Role, Map<string, Path>> = { input: new Map(), context: new Map(), output: new Map() };
  const label = new Set<LeafKind>(['null']);
  const versions = new Set<number>();
  let hasLists = false;
  for (const role of ['input', 'context', 'output'] as const) {
    members[role].set('', []);
    opened[role].set('', []);
  }
  const add = (role: Role, leaf: Leaf): void =>
    void seen[role].set(JSON.stringify([leaf.path, leaf.kind, leaf.isPlace]), leaf);

  const lookAtKeys = async (session: DuckdbSession, role: Role, from: string): Promise<void> => {
    const paths = [...opened[role].values()];
    const keys = `unnest(range(${paths.length})) AS place, unnest(json_keys(j, ${texts(paths.map(pointer))})) AS keys`;
    for (const [place, name] of await distinct(session, `place, unnest(keys) FROM (SELECT ${keys} FROM (${from}))`)) {
      const path = [...(paths[Number(place)] ?? []), String(name)];
      members[role].set(pointer(path), path);
    }
    if (members[role].size > formsMax) throw new TooManyForms();
  };
  const lookAtTypes = async (session: DuckdbSession, role: Role, from: string): Promise<void> => {
    const paths = [...members[role].values()];
    const places = texts(paths.map(pointer));
    const isOutput = role === 'output';
    const said = isOutput ? `, unnest(json_extract_string(j, ${places})) AS said` : '';
    const types = `SELECT unnest(range(${paths.length})) AS place, unnest(json_type(j, ${places})) AS type${said} FROM (${from})`;
    for (const [place, type] of await distinct(session, `place, ${isOutput ? outputType : 'type'} FROM (${types})`)) {
      const path = paths[Number(place)] ?? [];
      if (type === null) continue;
      if (role === 'input' && type === 'ARRAY' && path.length === 0) hasLists = true;
      else if (type !== 'OBJECT' || path.length >= openedDepth[role]) add(role, { path, kind: kindOfType(type) });
      else {
        // Beside its members, or where it has none, an opened object says no more of columns than a null.
        add(role, { path, kind: 'null' });
        opened[role].set(pointer(path), path);
      }
    }
  };
  const lookAt = async (session: DuckdbSession, role: Role): Promise<void> => {
    for (const from of [`${valuesOf[role]} LIMIT ${sampleRows}`, valuesOf[role]]) {
      let asked: number;
      do {
        asked = opened[role].size;
        await lookAtKeys(session, role, from);
        await lookAtTypes(session, role, from);
      } while (opened[role].size > asked);
    }
  };
  const lookAtLists = async (session: DuckdbSession): Promise<void> => {
    const lists = `${listForm} FROM (${valuesOf.input}) WHERE json_type(j) = 'ARRAY'`;
    for (const [form] of await distinct(session, lists)) {
      for (const leaf of placesOf(leavesOf(JSON.parse(String(form)), openedDepth.input, kindOfType)))
        add('input', leaf);
    }
  };
  /** Whether there are values without a form. */
  const lookAtForms = async (
    session: DuckdbSession,
    role: 'input' | 'output',
    { forms }: SpilledPartition,
  ): Promise<boolean> => {
    const found = (await distinct(session, `form ${recordsOf[role]}`)).map(([form]) => form);
    for (const form of found) {
      const example = form === null ? undefined : forms[role][Number(form)];
      if (example === undefined) continue;
      const value: unknown = JSON.parse(example);
      const depth = openedDepth[role];
      for (const leaf of role === 'input' ? inputLeavesOf(value, depth) : leavesOf(value, depth, outputKindOf))
        add(role, leaf);
    }
    return found.includes(null);
  };

  return {
    /** At the partition that is folded in `req`, `ans` and `acct`. */
    look: async (
      session: DuckdbSession,
      part: SpilledPartition,
      { context }: Pick<DatasetSpec, 'context'>,
    ): Promise<void> => {
      if (await lookAtForms(session, 'input', part)) {
        await lookAt(session, 'input');
        if (hasLists) await lookAtLists(session);
      }
      if (context) await lookAt(session, 'context');
      if (await lookAtForms(session, 'output', part)) await lookAt(session, 'output');
      const rows = `FROM acct WHERE account = 'rows'`;
      for (const [type] of await distinct(session, `json_type(lv) ${rows} AND lv IS NOT NULL`))
        label.add(kindOfType(type));
      const ran = `FROM (SELECT ${columnsOf('R')} FROM req WHERE o IN (SELECT ro ${rows})) WHERE ${requestField('role')} <> 'imported'`;
      for (const [version] of await distinct(session, `${requestField('version')} ${ran}`))
        versions.add(Number(version));
    },
    /** What was seen in another attempt. */
    know: (leaves: SeenLeaves): void => {
      for (const role of ['input', 'context', 'output'] as const) for (const leaf of leaves[role]) add(role, leaf);
      for (const kind of leaves.label) label.add(kind);
      for (const version of leaves.versions) versions.add(version);
    },
    leaves: (): SeenLeaves => {
      const list = (role: Role) => [...seen[role].values()];
      return {
        input: list('input'),
        context: list('context'),
        output: list('output'),
        label: [...label],
        versions: [...versions],
      };
    },
  };
};

/** The types of a short list by its places, as an object; a long one is nested, as the empty one is nothing. */
const listForm = `CASE WHEN json_array_length(j) BETWEEN 1 AND ${listColumnsMax}
  THEN (SELECT json_group_object(place, type) FROM (
    SELECT unnest(list_transform(json_extract(j, '$[*]'), lambda member: json_type(member))) AS type,
      unnest(range(json_array_length(j)::BIGINT)) AS place))
  ELSE '[]' END`;
