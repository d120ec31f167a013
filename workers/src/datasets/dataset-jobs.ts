import {
  type ArtifactStore,
  type AuditCrypto,
  canonicalJson,
  createTreeHash,
  type DatasetExtractor,
  type DatasetFile,
  type DatasetManifest,
  type DatasetPlan,
  datasetIdOf,
  datasetJobKind,
  type Extracted,
  type ExtractionSource,
  type HashedTree,
  type HashedTrees,
  type Identity,
  JobFailure,
  type JobHandlers,
  type JobRun,
  missingModel,
  type ReadableLog,
  readModels,
  readTreeRoots,
  recordsIn,
  redactionKeyIdOf,
  type TreeHash,
  toBase64,
  unaccounted,
  versionRulesOf,
} from '@hindcast/domain';

/** Names what an attempt at a set puts aside, and keeps others out of it until it ends. `stays`: for a next attempt. */
export type ClaimDatasetWork = (
  datasetId: string,
) => Promise<{ readonly work: string; end(stays: boolean): Promise<void> }>;

/** What an attempt notes of its work for the next one: kept as long as the rest that it puts aside. */
export type DatasetNotes = (work: string) => {
  /** undefined where nothing was noted. */
  read(): Promise<unknown>;
  write(note: unknown): Promise<void>;
};

export interface DatasetCutPorts extends Pick<ExtractionSource, 'artifacts' | 'redactionKey'> {
  readonly log: ReadableLog;
  readonly crypto: Pick<AuditCrypto, 'sha256'>;
  readonly extractor: DatasetExtractor;
  readonly identity: Pick<Identity, 'sha256'>;
  /** undefined where nobody else works in the folder of the extractor. */
  readonly claim?: ClaimDatasetWork;
  /** undefined where each attempt hashes anew. */
  readonly notes?: DatasetNotes;
  /** Durable when it resolves. */
  keep(name: string, content: AsyncIterable<Uint8Array>): Promise<{ readonly sha256: string; readonly bytes: number }>;
}

export interface DatasetJobPorts extends Omit<DatasetCutPorts, 'keep' | 'claim' | 'notes'> {
  readonly claim: ClaimDatasetWork;
  readonly notes: DatasetNotes;
  readonly artifacts: Pick<ArtifactStore, 'get' | 'put'>;
}

/** Largest file of a data set. */
const fileBytesMax = 256 * 1_073_741_824;
/** So many records are hashed between two notes of it: in a thirtieth of a second, or half of one where others are busy. */
const noteRecords = 8_192;
/** Steps for each record that storing the files counts for, beside the two for reading and folding it: it is that much quicker. */
const storingSteps = 0.2;

/** Cuts of data sets as jobs. An attempt goes on from what the one before has put aside, if that is still there. */
export const createDatasetJobs = (ports: DatasetJobPorts): JobHandlers => ({
  [datasetJobKind]: async ({ spec }, run) => {
    const keep = (_: string, content: AsyncIterable<Uint8Array>) => ports.artifacts.put(content, fileBytesMax);
    const { manifest, kept } = await cutDataset(spec['plan'] as DatasetPlan, { ...ports, keep }, run);
    return { datasetId: manifest.datasetId, manifest: kept, accountedFor: manifest.accountedFor };
  },
});

/**
 * Extracts a set, and keeps its files and then its manifest.
 * @throws JobFailure where it is not whole, or cannot be made here
 */
export const cutDataset = async (
  plan: DatasetPlan,
  ports: DatasetCutPorts,
  run: Pick<JobRun, 'signal' | 'progress'>,
): Promise<CutDataset> => {
  const datasetId = datasetIdOf(plan, ports.identity.sha256);
  const claimed = await ports.claim?.(datasetId);
  let isBrokenOff = false;
  try {
    return await cutInto(claimed?.work ?? datasetId, plan, ports, run);
  } catch (error) {
    isBrokenOff = run.signal.aborted;
    throw error;
  } finally {
    await claimed?.end(isBrokenOff);
  }
};

interface CutDataset {
  readonly manifest: DatasetManifest;
  readonly kept: { readonly sha256: string; readonly bytes: number };
}

const cutInto = async (
  work: string,
  plan: DatasetPlan,
  { log, crypto, artifacts, extractor, identity: { sha256 }, redactionKey, keep, notes }: DatasetCutPorts,
  run: Pick<JobRun, 'signal' | 'progress'>,
): Promise<CutDataset> => {
  const datasetId = datasetIdOf(plan, sha256);
  if (plan.extractor !== extractor.name) {
    const detail = `It was asked of ${plan.extractor}, and this process has ${extractor.name}: ask for it again.`;
    throw new JobFailure('other_extractor', detail);
  }
  const keyId = redactionKey === undefined ? undefined : redactionKeyIdOf(redactionKey, sha256);
  if (plan.redactionKeyId !== undefined && plan.redactionKeyId !== keyId)
    throw new JobFailure('other_redaction_key', 'This process has not the redaction key that the set was asked with.');
  const { tenant, model } = plan.spec;
  const models = await readModels(log);
  const missing = await missingModel(log, models, { model, tenant, signal: run.signal });
  if (missing !== undefined) throw new JobFailure('unknown_model', missing);
  const records = recordsIn(plan.cut);
  const storing = Math.ceil(storingSteps * records);
  let hashing = 0;
  const tell = (done: number, detail: string): void =>
    // Where a next attempt goes on is put aside: for its pace it says here that it does not begin anew.
    run.progress({ done, total: hashing + 2 * records + storing, unit: 'steps', detail, checkpoint: {} });
  const roots = await rootsOf(log, createTreeHash(crypto), plan, notes?.(work), ({ done, total }) => {
    run.signal.throwIfAborted();
    hashing = total;
    // What follows has more to tell at once: what an earlier attempt had read.
    if (done < total) tell(done, 'hashing');
  });
  const versions = versionRulesOf(models, tenant, model);
  const extracted = await extractor.extract(
    plan,
    work,
    { log, artifacts, redactionKey, versions },
    { signal: run.signal, progress: ({ done, detail }) => tell(hashing + done, detail) },
  );
  const lost = unaccounted(extracted.accountedFor);
  if (lost !== 0) throw new JobFailure('not_accounted_for', `${lost} requests are in no account of the set.`);
  const files: DatasetFile[] = [];
  for (const { name, split, rows, content } of extracted.files) {
    run.signal.throwIfAborted();
    files.push({ name, split, rows, ...(await keep(name, content())) });
    tell(hashing + 2 * records + (storing * files.length) / extracted.files.length, 'storing');
  }
  const manifest = manifestOf(datasetId, plan, roots, extracted, files);
  const kept = await keep('manifest.json', once(new TextEncoder().encode(canonicalJson(manifest))));
  await extracted.discard();
  return { manifest, kept };
};

const rootsOf = async (
  log: ReadableLog,
  hash: TreeHash,
  { spec, cut: { topic, ranges } }: DatasetPlan,
  notes: ReturnType<DatasetNotes> | undefined,
  onPage: (hashed: HashedTrees) => void,
): Promise<NonNullable<DatasetManifest['roots']>> => {
  const sizes = ranges.map(({ partition, to }) => ({ partition, size: to }));
  let noted: number | undefined;
  const roots = await readTreeRoots(log, hash, topic, sizes, {
    verified: spec.verified === true,
    known: ((await notes?.read()) ?? []) as readonly HashedTree[],
    async onPage(hashed) {
      onPage(hashed);
      const { done, total, trees } = hashed;
      noted ??= done;
      if (done === noted || (done < total && done - noted < noteRecords)) return;
      noted = done;
      await notes?.write(trees);
    },
  });
  return roots.map(({ root, ...of }) => ({ ...of, root: toBase64(root) }));
};

const manifestOf = (
  datasetId: string,
  { spec, cut, extractor, redactionKeyId }: DatasetPlan,
  roots: NonNullable<DatasetManifest['roots']>,
  { cutAt, columns, accountedFor, ignored, labelCoverage }: Extracted,
  files: readonly DatasetFile[],
): DatasetManifest => ({
  ...{ datasetId, contract: 1, spec, cut, roots, cutAt, extractor, format: spec.format },
  ...(redactionKeyId !== undefined && { redactionKeyId }),
  ...{ columns: [...columns], files: [...files], accountedFor, ignored, labelCoverage },
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
