import { createHash } from 'node:crypto';
import { createDuckdbExtractor } from '@hindcast/adapters/duckdb';
import { nodeAuditCrypto, nodeIdentity } from '@hindcast/adapters/node';
import { type ArtifactStore, planDataset, type ReadableLog } from '@hindcast/domain';
import { cutDataset } from '@hindcast/workers';

const memoryBytesMax = 268_435_456;

/** Digests of the files of a data set of all that the log has, with the text of its manifest. */
export const cutAll = async (
  log: ReadableLog,
  artifacts: Pick<ArtifactStore, 'get'>,
  folder: string,
): Promise<Readonly<Record<string, { readonly sha256: string; readonly text?: string }>>> => {
  const extractor = createDuckdbExtractor({ folder, sha256: nodeIdentity.sha256, memoryBytesMax, threads: 2 });
  const request = { model: 'churn', labels: { absent: 'keep' as const } };
  const planned = await planDataset(log, request, { tenant: 'default', extractor, redactionKeyId: undefined });
  if (!planned.ok) throw new Error(planned.refusal.detail);
  const files: Record<string, { sha256: string; text?: string }> = {};
  const keep = async (name: string, content: AsyncIterable<Uint8Array>) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    const sha256 = createHash('sha256').update(whole).digest('hex');
    files[name] = { sha256, ...(name.endsWith('.json') && { text: whole.toString() }) };
    return { sha256, bytes: whole.length };
  };
  const run = { signal: new AbortController().signal, progress: () => {} };
  const ports = { log, artifacts, extractor, identity: nodeIdentity, crypto: nodeAuditCrypto, redactionKey: undefined };
  await cutDataset(planned.plan, { ...ports, keep }, run);
  return files;
};
