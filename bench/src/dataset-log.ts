import { randomUUID } from 'node:crypto';
import { makeSigningKey, nodeAuditCrypto, nodeIdentity } from '@hindcast/adapters/node';
import { openSqliteEventLog } from '@hindcast/adapters/sqlite';
import { encode, makeEvent, type NewRecord, type PredictionEvent, TOPICS } from '@hindcast/domain';
import { startNotary } from '@hindcast/workers';

const recordsPerAppend = 2_000;
const plans = ['basic', 'plus', 'pro'];
const digest = 'f'.repeat(64);

const tell = <E extends PredictionEvent>(
  type: E['type'],
  subject: string,
  data: E['data'],
  causationId?: string,
): NewRecord => {
  const { event: _, ...record } = encode(
    makeEvent<PredictionEvent>({
      id: randomUUID(),
      source: '/bench',
      type,
      at: 1.7e12,
      tenant: 'default',
      subject,
      causationId,
      data,
    }),
  );
  return record;
};

/**
 * A folder with a signed log of so many events: requests, their ends, and a label for every fourth. Each end stands behind so
 * many later requests.
 */
export const fillLog = async (folder: string, events: number, behind = 0): Promise<void> => {
  const { now, newId } = nodeIdentity;
  const partitions = {
    [TOPICS.predictions]: 4,
    [TOPICS.models]: 1,
    [TOPICS.jobs]: 1,
    [TOPICS.audit]: 1,
    [TOPICS.deadLetters]: 1,
  };
  const log = await openSqliteEventLog({ folder, partitions, now, newId });
  let records: NewRecord[] = [];
  const ends: NewRecord[][] = [];
  let ended = 0;
  const end = (): void => {
    records.push(...(ends[ended] ?? []));
    ends[ended++] = [];
  };
  for (let made = 0, n = 0; made < events; n++) {
    const id = newId();
    const request = tell('PredictionRequested', id, {
      ...{ model: 'churn', version: 1, sha256: digest, pool: 'default', role: 'champion' },
      ...{ requestHash: digest, priority: 'normal', deadlineMs: 60_000 },
      input: {
        ...{ tenure_months: n % 60, monthly_charges: 20 + (n % 3_700) / 20, support_calls: n % 5 },
        ...{ late_payments: n % 3 === 0 ? null : 1, usage_hours: (n % 900) / 10, plan: plans[n % 3], region: 'north' },
      },
      ...{ share: 1, entity: `customer-${n % 50_000}` },
    });
    const { id: cause } = JSON.parse(request.value) as { id: string };
    const no = (n % 997) / 997;
    const provenance = {
      sha256: digest,
      runtime: 'bench/1',
      threads: 1,
      batchSize: 1,
      batchIndex: 0,
      inputHash: digest,
      outputHash: digest,
    };
    const output = { label: no < 0.5 ? 'yes' : 'no', probabilities: { no, yes: 1 - no }, decision: no < 0.5 };
    const success = tell('PredictionSucceeded', id, { output, provenance, queuedMs: 3, inferenceMs: 0.3 }, cause);
    const labels = n % 4 === 0 ? [tell('PredictionLabeled', id, { value: no < 0.4 ? 'yes' : 'no' })] : [];
    records.push(request);
    ends.push([success, ...labels]);
    made += 2 + labels.length;
    if (n >= behind) end();
    while (made >= events && ended < ends.length) end();
    if (records.length < recordsPerAppend && made < events) continue;
    await log.append(TOPICS.predictions, records);
    records = [];
  }
  const ports = { log, crypto: nodeAuditCrypto, signingKey: makeSigningKey(), identity: nodeIdentity };
  const notary = await startNotary(ports, { group: 'notaries' });
  await notary.whenCaughtUp();
  await notary.stop();
  await log.stop();
};
