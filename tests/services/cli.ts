import { installEverything } from './install-everything.ts';
import { startAllServices } from './start-all.ts';

const usage = `Usage: npm run services            start Kafka, Redis and a document store until Ctrl-C
       npm run services -- install install what can be, and end; a second run finds it`;

const run = async () => {
  const services = await startAllServices();
  for (const line of services.report) console.error(`# ${line}`);
  for (const text of services.missing) console.error(`# ${text.replaceAll('\n', '\n# ')}`);
  const { kafka, redis, mongodb } = services.addresses;
  const oneBroker = process.env['KAFKA_BROKERS'] ? undefined : '1';
  const variables = {
    KAFKA_BROKERS: kafka?.join(),
    REDIS_URL: redis,
    MONGODB_URI: mongodb,
    HINDCAST_REPLICATION_FACTOR: kafka && oneBroker,
  };
  for (const [name, value] of Object.entries(variables)) if (value) console.log(`export ${name}='${value}'`);
  if (services.missing.length > 0) process.exitCode = 1;

  // Without a timer nothing would keep the process from ending.
  const alive = setInterval(() => {}, 2 ** 30);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  clearInterval(alive);
  await services.stop();
};

const install = async () => {
  for (const line of await installEverything()) console.error(`# ${line}`);
};

const [command = 'start', ...rest] = process.argv.slice(2);
if (command === 'start' && rest.length === 0) await run();
else if (command === 'install' && rest.length === 0) await install();
else {
  console.error(usage);
  process.exitCode = 2;
}
