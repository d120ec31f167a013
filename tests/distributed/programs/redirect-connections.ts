import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/**
 * Loaded ahead of a process (`node --import`): connections to one port of this machine go to another, which is how a
 * process gets a proxy between itself and a broker whose address the broker itself tells.
 */
const [from, to] = (process.env['TEST_REDIRECT'] ?? '').split('>').map(Number);

type Connect = (options: net.NetConnectOpts, onConnect?: () => void) => net.Socket;
const connectDirectly: Connect = net.connect;

if (from !== undefined && to !== undefined) {
  const connect: Connect = (options, onConnect) =>
    connectDirectly('port' in options && options.port === from ? { ...options, port: to } : options, onConnect);
  Object.assign(net, { connect });
  syncBuiltinESMExports();
}
