// A projector as a process of its own, for tests that kill or freeze it. Takes `rebuild` and `undo` on its standard input.
import { createInterface } from 'node:readline';
import { openKafkaEventLog } from '@hindcast/adapters/kafka';
import { createMongoClient, openMongoViews } from '@hindcast/adapters/mongodb';
import { createMemoryCompletionBus, createMemoryResultCache } from '@hindcast/domain/in-memory';
import { createProjections } from '@hindcast/projectors';

const { member, mongodb, database, kafka } = JSON.parse(process.argv[2]);
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const logger = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [
    level,
    (fields, message) => level !== 'debug' && tell({ level, message, detail: fields.err && String(fields.err) }),
  ]),
);

const now = Date.now;
let ids = 0;
const newId = () => {
  ids += 1;
  return `${member}-${ids}`;
};
const log = await openKafkaEventLog({ ...kafka, now, newId, logger });
const views = await openMongoViews({ server: { client: createMongoClient(mongodb) }, database, now, logger });
const bus = createMemoryCompletionBus();
const announcing = { ...bus, publish: (docs) => tell({ announced: docs.map(({ key, pos }) => [key, pos]) }) };
const cache = createMemoryResultCache();
const projections = createProjections({ log, views, bus: announcing, cache, now, logger }, { member });
await projections.start();
tell({ started: member });

/** Runs a job as a runner would, and tells its phases. */
const run = async (kind) => {
  const { signal } = new AbortController();
  const job = { id: newId(), tenant: 'default', kind, attempt: 1, spec: { projection: 'prediction-status' } };
  let phase;
  const progress = ({ detail }) => {
    if (detail !== phase && detail !== 'done') tell({ phase: detail });
    phase = detail;
  };
  try {
    await projections.jobHandlers[kind](job, { signal, checkpoint: undefined, progress });
    tell({ phase: 'done' });
  } catch (error) {
    tell({ phase: 'failed', error: String(error) });
  }
};
for await (const line of createInterface({ input: process.stdin })) void run(`projection-${line}`);
