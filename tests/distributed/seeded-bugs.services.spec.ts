import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { clientOf, modelFile } from '../scenarios/client.ts';
import { allOf, type Cluster, startCluster } from './cluster.ts';
import { openClusterLog } from './cluster-log.ts';
import { collectEvidence } from './faults/evidence.ts';
import { acceptedRows, recordHistory } from './faults/history.ts';
import { checkRun, type Findings } from './faults/laws.ts';
import { die, startSpoiled } from './faults/nemesis.ts';
import { repeatResults } from './faults/repeated-records.ts';

const rows = 60;

/** The test of the tests: bugs that the checker must find, and the same faults without them. */
describe('the checker of fault runs', () => {
  let cluster: Cluster;
  let log: Awaited<ReturnType<typeof openClusterLog>>;
  beforeAll(async () => {
    const services = allOf(inject('services'));
    cluster = await startCluster({ services, sizes: { 'command-api': 1, 'query-api': 1, worker: 1, projector: 0 } });
    log = await openClusterLog(services.kafka, cluster.name);
  });
  afterAll(async () => {
    await log?.stop();
    await cluster?.stop();
  });

  /** A projector with a bug folds, dies in the middle, and another one with the same bug goes on. */
  const runWith = async (model: string, bug: string, death: string): Promise<Findings> => {
    const { addModel } = clientOf(cluster.url);
    expect((await addModel(model, modelFile('linear'))).status).toBeLessThan(202);
    const history = recordHistory(cluster.url, model);
    const submit = async (reference: string) => {
      const inputs = Array.from({ length: rows }, (_, at) => [at, 0, 0, 1]);
      expect(acceptedRows(await history.ask({ kind: 'batch', reference, inputs }))).toHaveLength(rows);
    };
    const doomed = await startSpoiled(cluster, 'projector', `${bug},${death}`);
    const dying = die(cluster, doomed);
    await submit('before');
    await dying;
    const successor = await startSpoiled(cluster, 'projector', bug);
    await submit('after');
    await repeatResults(log, rows);
    const findings = checkRun(await collectEvidence({ url: cluster.url, log }, history));
    await successor.terminate();
    cluster.forget(successor);
    return findings;
  };

  it('finds nothing where a projector without a bug dies between documents and checkpoint', async () => {
    expect(await runWith('sound', '', 'die-before-checkpoint:status')).toEqual({});
  });

  it('finds a checkpoint that is stored before its documents', async () => {
    const findings = await runWith('checkpoint-first', '', 'checkpoint-first');
    expect(Object.keys(findings)).toContain('statisticsEqualTheFold');
  });

  it('finds documents that are written over whatever is there', async () => {
    const findings = await runWith('no-guard', 'no-guard:stats', 'die-before-checkpoint:stats');
    expect(Object.keys(findings)).toContain('statisticsEqualTheFold');
  });

  it('finds a fold of which the last end wins', async () => {
    const findings = await runWith('last-end', 'last-end-wins', 'die-before-checkpoint:status');
    expect(Object.keys(findings)).toContain('viewsEqualTheFold');
  });
});
