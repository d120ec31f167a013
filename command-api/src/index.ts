export { type BacklogReading, openBacklogReading } from './backlog-reading.ts';
export { commandApi } from './command-api.ts';
export { type CommandLimits, type CommandPorts, commandLimits } from './command-ports.ts';
export { createDoorReservations } from './door-reservations.ts';
export { openViewProgress, type ViewProgress } from './view-progress.ts';
