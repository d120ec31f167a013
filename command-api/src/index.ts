export { commandApi } from './command-api.ts';
export { type CommandLimits, type CommandPorts, commandLimits } from './command-ports.ts';
