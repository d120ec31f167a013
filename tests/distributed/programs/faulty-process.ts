import { openPorts, ROLES, resolveConfig, startHindcast } from 'hindcast';
import { pino } from 'pino';
import { spoilPorts } from './spoiled-ports.ts';

/** A process of Hindcast in one role, put together as `hindcast` does it, except for what TEST_FAULT spoils. */
const role = ROLES.find((one) => one === process.argv[2]);
const { config, problems } = resolveConfig({ env: process.env, flags: { port: '0' }, cores: 1 });
if (!role || !config) throw new Error(`The role ${role} cannot be started: ${problems.join(' ')}`);

const logger = pino({ level: config.logLevel });
const running = await startHindcast(config, logger, [role], {
  open: async (...given) => spoilPorts(await openPorts(...given), process.env['TEST_FAULT'] ?? ''),
});
process.once('SIGTERM', () => void running.stop().then(() => process.exit(0)));
logger.info({ url: running.url }, 'ready');
