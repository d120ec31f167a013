import {
  canonicalJson,
  cutLog,
  DEFAULT_TENANT,
  type EventLog,
  encode,
  type Identity,
  type JobCatalog,
  type JobEvent,
  type Logger,
  makeEvent,
  type Rounds,
  recordsInCut,
  startRounds,
  TOPICS,
  type VerificationSpec,
  verificationKind,
} from '@hindcast/domain';

const hourMs = 3_600_000;
/** How often it is looked whether an hour has passed. */
const lookMs = 60_000;

export interface SchedulePorts {
  readonly log: Pick<EventLog, 'append' | 'read' | 'bounds'>;
  readonly jobs: Pick<JobCatalog, 'get' | 'catchUp'>;
  readonly identity: Pick<Identity, 'now' | 'newId' | 'idFromText' | 'sha256'>;
  readonly logger?: Logger;
}

/**
 * Asks for the verification of a sample of each hour when it is over. The id of the job follows from the hour: however many
 * processes ask, there is one.
 */
export const startVerificationSchedule = (
  ports: SchedulePorts,
  { share, rowsPerSecondMax }: { readonly share: number; readonly rowsPerSecondMax: number },
): Rounds => {
  const { log, jobs, identity, logger } = ports;
  const round = async (): Promise<void> => {
    const hour = Math.floor(identity.now() / hourMs) - 1;
    const id = identity.idFromText(`${DEFAULT_TENANT}/verification-of-hour/${hour}`);
    await jobs.catchUp();
    if (jobs.get(DEFAULT_TENANT, id)) return;
    const made = await cutLog(log, { since: hour * hourMs, until: (hour + 1) * hourMs });
    if (!made.ok || recordsInCut(made.cut) === 0) return;
    const spec: VerificationSpec = { cut: made.cut, sample: { share, salt: String(hour) }, rowsPerSecondMax };
    const requested = makeEvent<JobEvent>({
      id: identity.newId(),
      source: '/hindcast/verification-schedule',
      type: 'JobRequested',
      at: identity.now(),
      tenant: DEFAULT_TENANT,
      subject: id,
      data: {
        kind: verificationKind,
        spec,
        requestHash: identity.sha256(canonicalJson({ kind: verificationKind, spec })),
      },
    });
    const [outcome] = await log.append(TOPICS.jobs, [encode(requested)]);
    if (!outcome?.ok) throw outcome?.error ?? new Error('The log answered no outcome.');
  };
  return startRounds(round, { pauseMs: lookMs, logger, failure: 'the hourly verification could not be asked for' });
};
