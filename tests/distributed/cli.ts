import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { defaultConfig } from 'hindcast';
import { startAllServices } from '../services/start-all.ts';
import { allOf, startCluster, twoOfEach } from './cluster.ts';

const usage = `Usage: npm run start:distributed    run two of each process on Kafka, Redis and a document store until Ctrl-C

Services are taken from KAFKA_BROKERS, MONGODB_URI and REDIS_URL, or started, and then thrown away at the end.
PORT is the one address of them all, 8080 where it is not set. HINDCAST_… variables go to every process; where they name none,
the log has the topic prefix hindcast-try. and the database hindcast-try.`;

/** What was set by hand comes first. On services of one's own topics have the copies that they have anywhere. */
const settings = (given: NodeJS.ProcessEnv): Record<string, string> => ({
  ...auditKey(),
  ...(given['KAFKA_BROKERS'] && { HINDCAST_REPLICATION_FACTOR: String(defaultConfig.replicationFactor) }),
  ...Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[0].startsWith('HINDCAST_')),
  ),
});

/** A log of one try is signed with a key of its own. */
const auditKey = (): Record<string, string> =>
  (process.env['HINDCAST_AUDIT_KEY'] ?? process.env['HINDCAST_AUDIT_KEY_FILE'])
    ? {}
    : {
        HINDCAST_AUDIT_KEY: generateKeyPairSync('ed25519')
          .privateKey.export({ type: 'pkcs8', format: 'pem' })
          .toString(),
      };

const samples = ['churn', 'breast-cancer'] as const;
const defaultPort = 8080;

const addSamples = async (url: string): Promise<string> => {
  const examples: string[] = [];
  for (const name of samples) {
    const answer = await fetch(`${url}/v1/models/${name}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: await readFile(new URL(`../../../samples/${name}/model.onnx`, import.meta.url)),
    });
    const version = (await answer.json()) as { example?: unknown };
    if (!answer.ok) throw new Error(`The sample ${name} was refused: ${JSON.stringify(version)}`);
    examples.push(JSON.stringify({ model: name, input: version.example }));
  }
  return examples[0] ?? '';
};

const run = async () => {
  const { addresses, report, missing, stop } = await startAllServices();
  for (const line of [...report, ...missing]) console.error(`# ${line.replaceAll('\n', '\n# ')}`);
  try {
    const port = Number(process.env['PORT'] ?? defaultPort);
    const services = allOf(addresses);
    const env = settings(process.env);
    const cluster = await startCluster({ services, sizes: twoOfEach, name: 'hindcast-try', port, env });
    for (const [role, processes] of Object.entries(cluster.processes)) {
      for (const { url, pid } of processes) console.log(`  ${role.padEnd(12)}${url}  process ${pid}`);
    }
    const example = await addSamples(cluster.url);
    console.log(`\n  API docs    ${cluster.url}/docs\n`);
    const json = "-H 'content-type: application/json' -H 'prefer: wait=5'";
    console.log(
      `  Try         curl -s ${cluster.url}/v1/predictions ${json} -d '${example.replaceAll("'", "'\\''")}'\n`,
    );
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
    });
    await cluster.stop();
  } finally {
    await stop();
  }
};

if (process.argv.length > 2) {
  console.error(usage);
  process.exitCode = 2;
} else await run();
