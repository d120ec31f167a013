import { escapeHtml, htmlPage, proseHtml } from '@hindcast/adapters/http';
import { type EventType, envelopeSchema, eventData } from '@hindcast/domain';
import type { TSchema } from '@sinclair/typebox';
import { eventChannels } from './async-api.ts';
import { exampleEvent } from './event-examples.ts';

interface SchemaNode {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
}

const kindOf = (node: SchemaNode): string => {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.anyOf) return node.anyOf.map(kindOf).join(' | ');
  if (node.type === 'array') return `${kindOf(node.items ?? {})}[]`;
  return node.type ?? 'any';
};

/** A row for each field, and for those of objects and lists of objects within: `routing.canary[].share`. */
const rowsOf = ({ properties = {}, required = [] }: SchemaNode, path = ''): readonly string[] =>
  Object.entries(properties).flatMap(([name, node]) => {
    const shown = node.items?.properties ? `${path}${name}[]` : path + name;
    const optional = required.includes(name) ? '' : ' (optional)';
    const row =
      `<tr><td><code>${escapeHtml(path + name)}</code>${optional}</td>` +
      `<td><code>${escapeHtml(kindOf(node))}</code></td><td>${proseHtml(node.description ?? '')}</td></tr>`;
    return [row, ...rowsOf(node.items?.properties ? node.items : node, `${shown}.`)];
  });

const table = (schema: TSchema): string => {
  const rows = rowsOf(schema as SchemaNode);
  return rows.length === 0
    ? '<p>No data.</p>'
    : `<table><thead><tr><th>Field</th><th>Kind</th><th>Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
};

const example = (type: EventType): string =>
  `<details><summary>Example</summary><pre>${escapeHtml(JSON.stringify(exampleEvent(type), null, 2))}</pre></details>`;

/** The events for people: the same schemas as /asyncapi.json, as one page without scripts. */
export const eventDocsPage = (): string =>
  htmlPage(
    'Hindcast events',
    [
      '<h1>Events</h1><p>Every fact is a CloudEvent in one append-only log. For programs: <a href="/asyncapi.json">/asyncapi.json</a>.',
      ' To read them: <code>GET /v1/events</code> in the <a href="/docs">API docs</a>.</p>',
      `<h2>Envelope</h2>${table(envelopeSchema)}`,
      ...eventChannels.flatMap(({ address, description, types }) => [
        `<h2><code>${escapeHtml(address)}</code></h2><p>${escapeHtml(description)}</p>`,
        ...types.map((type) => `<h3>${escapeHtml(type)}</h3>${table(eventData[type])}${example(type)}`),
      ]),
    ].join('\n'),
  );
