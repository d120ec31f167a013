import { showDuration } from './duration.ts';
import type { StartSummary } from './running-hindcast.ts';

export interface FirstMinute {
  readonly version: string;
  readonly url: string;
  readonly summary: StartSummary;
}

/** What a person needs in the first minute, as lines for a terminal. */
export const firstMinute = ({ version, url, summary }: FirstMinute): string => {
  const data =
    summary.dataFolder === undefined
      ? 'in memory, lost at the end'
      : `${summary.dataFolder} (kept; --memory to discard)`;
  const models = summary.models.map(
    ({ name, version, readyMs }) => `${name}@${version} ready${readyMs < 1 ? '' : ` in ${showDuration(readyMs)}`}`,
  );
  const more = summary.moreModels > 0 ? ` and ${summary.moreModels} more` : '';
  const lines = [
    `hindcast ${version} · embedded: no Kafka, MongoDB or Redis needed`,
    '',
    `API docs  ${url}/docs      Event docs  ${url}/docs/events`,
    `Data      ${data}      Model  ${models.join(', ') || noModels(summary)}${more}`,
    ...missingLines(summary),
  ];
  const command = tryCommand(url, summary);
  if (command !== undefined) lines.push('', `Try       ${command}`);
  return `\n${lines.map((line) => (line === '' ? line : `  ${line}`)).join('\n')}\n`;
};

const noModels = ({ missing }: StartSummary): string =>
  missing.length > 0 ? 'none that can be run' : 'none yet: hindcast models add <name> <file.onnx>';

/** Named at most; the log of the process has them all. */
const missingShownMax = 5;

const missingLines = ({ missing }: StartSummary): readonly string[] => {
  const [first] = missing;
  if (first === undefined) return [];
  const names = missing.slice(0, missingShownMax).map(({ name, version }) => `${name}@${version}`);
  const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : '';
  return [
    `Missing   the files of ${names.join(', ')}${more}: their predictions wait, and expire`,
    `          Add the same file again: hindcast models add ${first.name} <file.onnx>`,
  ];
};

/** The last word of a run that people have watched. */
export const farewell = ({ dataFolder }: StartSummary): string =>
  `\n  stopped; ${dataFolder === undefined ? 'nothing is kept of it' : `everything is in ${dataFolder}`}\n`;

/** A command that works as it stands in any POSIX shell; undefined while there is no model. */
export const tryCommand = (url: string, { models }: StartSummary): string | undefined => {
  const model = models[0];
  if (model === undefined) return undefined;
  const body = JSON.stringify({ model: model.name, input: model.example });
  return `curl -s ${url}/v1/predictions -H 'content-type: application/json' -H 'prefer: wait=5' -d ${quoted(body)}`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
