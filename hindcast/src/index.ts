import { resolveConfig } from './config.ts';

export { resolveConfig } from './config.ts';
export type { MigrationResult } from './migrate/migrate-log.ts';
export type { Ports } from './parts/ports.ts';
export { ROLES, type Role } from './parts/roles.ts';
export { type InspectableHindcast, openPorts, startHindcast } from './start-hindcast.ts';

/** The settings of a start that says nothing. */
export const defaultConfig = resolveConfig({ env: {}, flags: {}, cores: 2 }).config ?? never();

function never(): never {
  throw new Error('The defaults of the settings are not valid.');
}
