import { hash, randomUUID } from 'node:crypto';
import type { Row } from '../session-run/feeds.ts';
import type { ViewRow } from './view-thread.ts';

export interface Model {
  readonly name: string;
  readonly sha256: string;
}

const runtime = 'onnxruntime-node/1.30.0';
const sha256 = (text: string): string => hash('sha256', text);

/** Neighbours in time are neighbours in an index, as Hindcast's are: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7 */
const orderedId = (at: number): string => {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
};

let lastAt = Number.NaN;
let lastTime = '';
/** Neighbours share their millisecond. */
const timeOf = (at: number): string => {
  if (at !== lastAt) {
    lastAt = at;
    lastTime = new Date(at).toISOString();
  }
  return lastTime;
};

/** Forms and lengths are those of Hindcast's events (https://github.com/cloudevents/spec), up to their data. Texts are joined, which is quicker than to write out an object. */
const envelope = (id: string, type: string, source: string, subject: string, at: number): string =>
  `{"specversion":"1.0","id":"${id}","source":"/hindcast/${source}","type":"${type}","dataschema":"urn:hindcast:schema:${type}:1",` +
  `"datacontenttype":"application/json","time":"${timeOf(at)}","subject":"${subject}","tenant":"default","partitionkey":"default/${subject}"`;

export interface Requested {
  readonly id: string;
  readonly at: number;
  readonly prediction: string;
  readonly model: Model;
  readonly inputText: string;
  readonly requestHash: string;
}

/** The event, and what the end and the view need of it. */
export const requested = (model: Model, input: Row): { readonly text: string; readonly request: Requested } => {
  const at = Date.now();
  const id = orderedId(at);
  const prediction = orderedId(at);
  const inputText = JSON.stringify(input);
  const requestHash = sha256(`{"model":"${model.name}","input":${inputText}}`);
  const text =
    `${envelope(id, 'PredictionRequested', 'command-api', prediction, at)},"data":{"model":"${model.name}","version":1,"sha256":"${model.sha256}",` +
    `"pool":"default","role":"champion","requestHash":"${requestHash}","priority":"normal","deadlineMs":600000,"input":${inputText},"share":1}}`;
  return { text, request: { id, at, prediction, model, inputText, requestHash } };
};

export interface Ran {
  readonly output: unknown;
  readonly rowsInRun: number;
  readonly place: number;
  readonly inferenceMs: number;
}

/** The event, and the row of the view that both make. */
export const succeeded = (
  { id: requestId, at: requestedAt, prediction, model, inputText, requestHash }: Requested,
  { output, rowsInRun, place, inferenceMs }: Ran,
): { readonly text: string; readonly viewRow: (offset: number) => ViewRow } => {
  const at = Date.now();
  const id = orderedId(at);
  const queuedMs = at - requestedAt;
  const outputText = JSON.stringify(output);
  const inputHash = sha256(inputText);
  const outputHash = sha256(outputText);
  const text =
    `${envelope(id, 'PredictionSucceeded', 'worker', prediction, at)},"causationid":"${requestId}","data":{"output":${outputText},` +
    `"provenance":{"sha256":"${model.sha256}","runtime":"${runtime}","threads":1,"batchSize":${rowsInRun},"batchIndex":${place},` +
    `"inputHash":"${inputHash}","outputHash":"${outputHash}"},"queuedMs":${queuedMs},"inferenceMs":${inferenceMs}}}`;
  const body = () =>
    `[[0,[],["PredictionRequested","${requestId}",1,${requestedAt},"accepted","PredictionSucceeded","${id}",2,${at},"accepted"]],null,` +
    `[1,"${requestId}","${requestHash}","${model.sha256}","default","champion","normal",600000,1,null,null,null,null,null,null,null,null],` +
    `[${at},[${outputText}],null,null,${queuedMs},${inferenceMs},["${model.sha256}","${runtime}",1,${rowsInRun},${place},"${inputHash}","${outputHash}"]]]`;
  const key = `default/${prediction}`;
  const viewRow = (offset: number): ViewRow => [
    key,
    'default',
    0,
    0,
    offset,
    'succeeded',
    requestedAt,
    model.name,
    1,
    null,
    null,
    null,
    body(),
  ];
  return { text, viewRow };
};
