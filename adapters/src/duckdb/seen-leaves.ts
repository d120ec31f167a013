import {
  JobFailure,
  type Leaf,
  type LeafKind,
  leavesOf,
  listColumnsMax,
  openedDepth,
  type SeenLeaves,
} from '@hindcast/domain';
import type { DuckdbSession } from './duckdb-session.ts';
import { requestField } from './fold-sql.ts';

/** More different forms of events than this are no rows of one table. */
const formsMax = 20_000;

export class TooManyForms extends JobFailure {
  constructor() {
    super(
      'too_many_forms',
      `The events have more than ${formsMax} different forms: they make no table. Name the inputs that are wanted.`,
    );
    this.name = 'TooManyForms';
  }
}

/** `json_structure` and `json_type` name types of DuckDB; anything that is no text is nested. */
const kindOfType = (type: unknown): LeafKind => {
  if (typeof type !== 'string' || type === 'ARRAY' || type === 'OBJECT') return 'nested';
  if (type === 'NULL') return 'null';
  if (type === 'VARCHAR') return 'string';
  return type === 'BOOLEAN' ? 'boolean' : 'number';
};

/** The structure of an object without members, whose kind nobody can tell, is `"JSON"`. */
const shapeOf = (form: unknown): unknown =>
  JSON.parse(String(form), (_, value: unknown) => (value === 'JSON' ? {} : value));

/** What the rows of partitions look like, from the different forms of their events. */
export const createSeenLeaves = (session: DuckdbSession) => {
  const seen = { input: new Map<string, Leaf>(), context: new Map<string, Leaf>(), output: new Map<string, Leaf>() };
  const label = new Set<LeafKind>(['null']);
  const versions = new Set<number>();
  const add = (role: keyof typeof seen, shape: unknown): void => {
    for (const leaf of leavesOf(shape, openedDepth[role], kindOfType)) {
      seen[role].set(JSON.stringify([leaf.path, leaf.kind]), leaf);
    }
  };
  const forms = async (select: string, partition: number, where: string): Promise<readonly unknown[]> => {
    const from = `FROM chosen_${partition} WHERE ${where}`;
    const found = await session.rows(`SELECT DISTINCT ${select} ${from} LIMIT ${formsMax + 1}`);
    if (found.length > formsMax) throw new TooManyForms();
    return found.map(([form]) => form);
  };

  return {
    look: async (partition: number): Promise<void> => {
      let lists = false;
      for (const form of await forms('json_structure(v)', partition, 'v IS NOT NULL')) {
        const input = shapeOf(form);
        if (Array.isArray(input)) lists = true;
        else add('input', input);
      }
      for (const form of await forms('json_structure(x)', partition, 'x IS NOT NULL')) add('context', shapeOf(form));
      if (lists) for (const form of await forms(listForm, partition, isList)) add('input', shapeOf(form));
      for (const form of await forms('json_structure(ev)', partition, 'ev IS NOT NULL')) add('output', shapeOf(form));
      for (const type of await forms('json_type(lv)', partition, 'lv IS NOT NULL')) label.add(kindOfType(type));
      for (const version of await forms(requestField('version'), partition, ranHere)) versions.add(Number(version));
    },
    leaves: (): SeenLeaves => {
      const list = (role: keyof typeof seen) => [...seen[role].values()];
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

const ranHere = `${requestField('role')} <> 'imported'`;
const isList = `json_type(v) = 'ARRAY'`;
/** The types of a short list by its places, as an object; a long one is nested, as the empty one is nothing. */
const listForm = `CASE WHEN json_array_length(v) BETWEEN 1 AND ${listColumnsMax}
  THEN (SELECT json_group_object(place, type) FROM (
    SELECT unnest(list_transform(json_extract(v, '$[*]'), lambda member: json_type(member))) AS type,
      unnest(range(json_array_length(v)::BIGINT)) AS place))
  ELSE '[]' END`;
