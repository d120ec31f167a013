import { join } from 'node:path';
import { readFolderArtifacts } from '@hindcast/adapters/files';
import { nodeIdentity } from '@hindcast/adapters/node';
import {
  cutLog,
  DEFAULT_TENANT,
  type KnownModels,
  type ModelReference,
  missingModel,
  parseModelReference,
  type ReadableLog,
  readModels,
  type VerificationReport,
  type VerificationSpec,
  verificationKind,
} from '@hindcast/domain';
import { createVerificationHandler } from '@hindcast/workers';
import { CliFailure, EXIT, failed } from './cli-failure.ts';
import { pastPortsOf } from './parts/past-ports.ts';
import type { Config } from './settings.ts';
import type { Voice } from './terminal.ts';
import { workInThisProcess } from './work-in-this-process.ts';

/** The wish as the API takes it. */
export interface VerificationWish extends Partial<Pick<VerificationSpec, 'sample' | 'rowsPerSecondMax'>> {
  readonly model?: string;
  readonly from?: string;
  readonly to?: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly until?: string;
}

/** Runs past predictions again straight from a data folder, whether or not a server runs on it. The folder stays as it is. */
export const verifyFolder = async (
  log: ReadableLog,
  { model: reference, sample, rowsPerSecondMax, since, until, ...wish }: VerificationWish,
  config: Pick<Config, 'data' | 'modelMemoryBytes'>,
  voice: Voice,
): Promise<{ readonly spec: VerificationSpec; readonly report: VerificationReport }> => {
  const made = await cutLog(log, { ...wish, since: timeOf(since), until: timeOf(until) });
  if (!made.ok) throw failed(made.refusal.detail);
  const models = await readModels(log);
  const named = reference === undefined ? undefined : (parseModelReference(reference) ?? { model: reference });
  if (named) await refuseUnknown(log, models, named);
  const spec: VerificationSpec = {
    cut: made.cut,
    ...named,
    ...(sample && { sample }),
    ...(rowsPerSecondMax && { rowsPerSecondMax }),
  };

  const artifacts = readFolderArtifacts(join(config.data, 'artifacts'));
  // Models that come later have answered nothing of the stretch.
  const catalog = { ...models, catchUp: async () => {} };
  const verify = createVerificationHandler(pastPortsOf({ log, catalog, artifacts, identity: nodeIdentity }, config));
  const job = { id: 'verify', kind: verificationKind, tenant: DEFAULT_TENANT, attempt: 1, spec };
  const report = (await workInThisProcess(voice, (run) => verify(job, run))) as unknown as VerificationReport;
  voice.progress(`${report.counts.records} records read`, true);
  return { spec, report };
};

/** A model need not be registered where predictions of it were imported. */
const refuseUnknown = async (
  log: ReadableLog,
  models: KnownModels,
  { model, version }: ModelReference,
): Promise<void> => {
  const tenant = DEFAULT_TENANT;
  const missing = await missingModel(log, models, { model, version, tenant });
  if (missing !== undefined) throw new CliFailure(EXIT.notFound, missing);
};

const timeOf = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));
