import { showDuration } from './duration.ts';
import type { Role } from './parts/roles.ts';
import type { StartSummary } from './running-hindcast.ts';

export interface FirstMinute {
  readonly version: string;
  readonly url: string;
  readonly summary: StartSummary;
}

/** What a person needs in the first minute, as lines for a terminal. */
export const firstMinute = ({ version, url, summary }: FirstMinute): string => {
  const models = summary.models.map(
    ({ name, version, readyMs }) => `${name}@${version} ready${readyMs < 1 ? '' : ` in ${showDuration(readyMs)}`}`,
  );
  const more = summary.moreModels > 0 ? ` and ${summary.moreModels} more` : '';
  const lines = [
    `hindcast ${version} · ${manner[summary.place.kind]}`,
    '',
    `API docs  ${url}/docs      Event docs  ${url}/docs/events`,
    `Data      ${keptIn(summary.place)}      Model  ${models.join(', ') || noModels(summary)}${more}`,
    ...missingLines(summary),
  ];
  const command = tryCommand(url, summary);
  if (command !== undefined) lines.push('', `Try       ${command}`);
  return `\n${lines.map((line) => (line === '' ? line : `  ${line}`)).join('\n')}\n`;
};

const manner: Readonly<Record<StartSummary['place']['kind'], string>> = {
  memory: 'embedded: no Kafka, MongoDB or Redis needed',
  folder: 'embedded: no Kafka, MongoDB or Redis needed',
  services: 'distributed: on Kafka, MongoDB and Redis',
};

const keptIn = (place: StartSummary['place']): string => {
  if (place.kind === 'memory') return 'in memory, lost at the end';
  return place.kind === 'folder' ? `${place.folder} (kept; --memory to discard)` : `in Kafka at ${place.brokers}`;
};

/** What a person sees of a process that is one of several. */
export const processLine = (version: string, role: Role, url: string, { place }: StartSummary): string => {
  const kept = place.kind === 'services' ? ` on Kafka at ${place.brokers}` : '';
  return `\n  hindcast ${version} · ${role}${kept}\n\n  ${pageOf[role]}  ${url}${pathOf[role]}\n`;
};

const pageOf: Readonly<Record<Role, string>> = {
  'command-api': 'API docs',
  'query-api': 'API docs',
  worker: 'Health',
  projector: 'Health',
};
const pathOf: Readonly<Record<Role, string>> = {
  'command-api': '/docs',
  'query-api': '/docs',
  worker: '/readyz?verbose',
  projector: '/readyz?verbose',
};

const noModels = ({ missing }: StartSummary): string =>
  missing.length > 0 ? 'none that can be run' : 'none yet: npx hindcast models add <name> <file.onnx>';

/** Named at most; the log of the process has them all. */
const missingShownMax = 5;

const missingLines = ({ missing }: StartSummary): readonly string[] => {
  const [first] = missing;
  if (first === undefined) return [];
  const names = missing.slice(0, missingShownMax).map(({ name, version }) => `${name}@${version}`);
  const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : '';
  return [
    `Missing   the files of ${names.join(', ')}${more}: their predictions wait, and expire`,
    `          Add the same file again: npx hindcast models add ${first.name} <file.onnx>`,
  ];
};

/** The last word of a run that people have watched. */
export const farewell = ({ place }: StartSummary): string => {
  const left = {
    memory: 'nothing is kept of it',
    folder: `everything is in ${place.kind === 'folder' ? place.folder : ''}`,
    services: 'the others go on',
  };
  return `\n  stopped; ${left[place.kind]}\n`;
};

/** A command that works as it stands in any POSIX shell; undefined while there is no model. */
export const tryCommand = (url: string, { models }: StartSummary): string | undefined => {
  const model = models[0];
  if (model === undefined) return undefined;
  const body = JSON.stringify({ model: model.name, input: model.example });
  return `curl -s ${url}/v1/predictions -H 'content-type: application/json' -H 'prefer: wait=5' -d ${quoted(body)}`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
