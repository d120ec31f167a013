import { resolveConfig } from './config.ts';

export { type EmbeddedConfig, type RunningEmbedded, startEmbedded } from './embedded/start-embedded.ts';

/** The settings of a start that says nothing. */
export const defaultConfig = resolveConfig({ env: {}, flags: {}, cores: 2 }).config ?? never();

function never(): never {
  throw new Error('The defaults of the settings are not valid.');
}
