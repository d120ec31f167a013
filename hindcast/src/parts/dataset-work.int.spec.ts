import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeIdentity } from '@hindcast/adapters/node';
import {
  type DatasetPlan,
  datasetIdOf,
  datasetJobKind,
  type JobCatalog,
  type JobDoc,
  type JobHandler,
  keyOf,
} from '@hindcast/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sweepDatasetWork, withTidyWork } from './dataset-work.ts';

const planOf = (model: string): DatasetPlan => ({
  spec: { tenant: 'default', model, labels: { pick: 'latest', absent: 'keep' }, redact: [], format: 'ndjson' },
  cut: { topic: 'hindcast.predictions.v1', logId: 'log', epoch: 0, ranges: [{ partition: 0, from: 0, to: 2 }] },
  extractor: 'fold/1',
});
const idOf = (model: string): string => datasetIdOf(planOf(model), nodeIdentity.sha256);
const openJob = (model: string, kind = datasetJobKind) =>
  ({ key: keyOf('default', model), state: { request: { kind, spec: { plan: planOf(model) } } } }) as unknown as JobDoc;

let folder: string;
/** Models whose sets are being cut, as the log has it, and as the catalog knows before it has caught up. */
let open: string[];
let known: string[];
const jobs: Pick<JobCatalog, 'open' | 'catchUp'> = {
  open: () => [...known.map((model) => openJob(model)), openJob('verified', 'verification')],
  async catchUp() {
    known = open;
  },
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hindcast-dataset-work-'));
  [open, known] = [[], []];
});
afterEach(() => rmSync(folder, { recursive: true }));

const putAside = (model: string) => mkdirSync(join(folder, idOf(model), 'temporary'), { recursive: true });
const left = () => readdirSync(folder).sort();
const tidy = (cut: JobHandler) => withTidyWork({ [datasetJobKind]: cut }, folder, jobs)[datasetJobKind] as JobHandler;
const run = (cut: JobHandler, signal = new AbortController().signal) => {
  const job = { id: 'j', tenant: 'default', kind: datasetJobKind, spec: { plan: planOf('churn') }, attempt: 1 };
  return tidy(cut)(job, { signal, progress: () => {}, checkpoint: undefined });
};

describe('what cuts have put aside', () => {
  it('is removed when nobody will go on with it, also of jobs that were lost in another life of the process', async () => {
    putAside('churn');
    putAside('lost');
    mkdirSync(join(folder, 'of somebody else'));
    open = ['churn', 'new'];
    expect(await sweepDatasetWork(folder, jobs)).toEqual([idOf('lost')]);
    expect(left()).toEqual([idOf('churn'), 'of somebody else'].sort());
    expect(await sweepDatasetWork(join(folder, 'nowhere'), jobs)).toEqual([]);
  });

  it.each([
    ['stays for the attempt that follows one that was broken off', ['churn'], true],
    ['goes with the cut that is canceled', [], false],
  ])('%s', async (_, after, stays) => {
    const controller = new AbortController();
    open = ['churn'];
    const brokenOff = async () => {
      putAside('churn');
      open = after;
      controller.abort();
      throw new Error('It was broken off.');
    };
    await expect(run(brokenOff, controller.signal)).rejects.toThrow('It was broken off.');
    expect(existsSync(join(folder, idOf('churn')))).toBe(stays);
  });

  it('is removed of others before a cut, and not of the cut itself', async () => {
    putAside('churn');
    putAside('lost');
    open = ['churn'];
    await run(async () => {
      expect(left()).toEqual([idOf('churn')]);
      return {};
    });
  });
});
