import { checkpointText, keyNameOf } from '../audit/audit-checkpoint.ts';
import { type Frontier, growTree } from '../audit/growing-tree.ts';
import { formatNoteKey, type NoteKey, noteKeyOf, signNote } from '../audit/signed-note.ts';
import { auditSubject, markOf, stretchData } from '../audit/signed-stretch.ts';
import { createTreeHash } from '../audit/tree-hash.ts';
import type { AuditCheckpointSigned } from '../audit-events.ts';
import { encode, makeEvent } from '../event-codec.ts';
import { DEFAULT_TENANT } from '../event-envelope.ts';
import { type EventLog, TOPICS, type Topic } from '../event-log.ts';
import { aSigningKey, auditCrypto } from './audit-crypto.ts';

/** Signs for all records of a partition, as a notary would, and answers where the next stretch begins. */
export const signPartition = async (
  log: EventLog,
  { topic, partition, before }: { readonly topic: Topic; readonly partition: number; readonly before?: Frontier },
): Promise<{ readonly after: Frontier; readonly note: string; readonly key: NoteKey }> => {
  const { logId = '', epoch = 0 } = (await log.bounds(topic))[partition] ?? {};
  const signing = aSigningKey();
  const key = noteKeyOf(auditCrypto, keyNameOf(logId), signing.publicKey);
  const hash = createTreeHash(auditCrypto);
  const tree = growTree(hash, before);
  const start = tree.frontier();
  let marks = '';
  for await (const page of log.read({ topic, partition, from: start.size })) {
    for (const record of page) {
      const leaf = hash.record(record);
      tree.push(leaf);
      marks += markOf(leaf);
    }
  }
  const checkpoint = { logId, epoch, topic, partition, size: tree.size, root: tree.root() };
  const note = signNote(auditCrypto, key, signing.sign, checkpointText(checkpoint));
  const event = makeEvent<AuditCheckpointSigned>({
    ...{ id: `signed-${topic}-${partition}-${tree.size}`, source: '/hindcast/notary', type: 'AuditCheckpointSigned' },
    ...{ at: Date.now(), tenant: DEFAULT_TENANT, subject: auditSubject(checkpoint) },
    data: stretchData({ checkpoint, note, key: formatNoteKey(key), before: start, marks }),
  });
  await log.append(TOPICS.audit, [encode(event)]);
  return { after: tree.frontier(), note, key };
};
