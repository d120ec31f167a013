import { ROLES, type Role, resolveConfig, startHindcast } from 'hindcast';
import { pino } from 'pino';
import type { FromHost, ToHost } from '../role-hosts.ts';

/** A process that runs one role after the other, so that Node and all modules are loaded once for many tests. */
const answer = (message: FromHost) => process.send?.(message);

const start = async (role: Role, env: Readonly<Record<string, string>>) => {
  const { config, problems } = resolveConfig({ env: { ...process.env, ...env }, flags: { port: '0' }, cores: 1 });
  if (!config) throw new Error(`The role ${role} cannot be started: ${problems.join(' ')}`);
  return startHindcast(config, pino({ level: config.logLevel }), [role]);
};

let running: Awaited<ReturnType<typeof start>> | undefined;
process.on('message', async (message: ToHost) => {
  try {
    if (message === 'stop') {
      await running?.stop();
      running = undefined;
      answer({ is: 'stopped' });
    } else {
      const role = ROLES.find((one) => one === message.role);
      if (!role) throw new Error(`There is no role ${message.role}.`);
      running = await start(role, message.env);
      answer({ is: 'ready', url: running.url });
    }
  } catch (error) {
    answer({ is: 'failed', why: String(error) });
  }
});
