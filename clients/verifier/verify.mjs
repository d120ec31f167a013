#!/usr/bin/env node
// Checks an export of a Hindcast log, the proof of one prediction, or proofs of consistency, against signed checkpoints. It
// needs Node 20 and this file, and shares no code with Hindcast: what it does is written down in docs/audit.md, byte by byte.
//
//   node verify.mjs log log.ndjson --key 'name+id+base64' [--checkpoints notes.txt]
//   node verify.mjs proof proof.json --key 'name+id+base64'
//   node verify.mjs consistency proofs.json --key 'name+id+base64' --checkpoints notes.txt
//
// Exit codes: 0 all that was signed fits, 1 something does not, or nothing is proven (a line for each finding), 2 it could
// not be checked to its end.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const auditTopic = 'hindcast.audit.v1';
const predictionsTopic = 'hindcast.predictions.v1';
const findings = [];
const found = (text) => findings.push(text);
const counted = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;
let earlier = 0;
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const leafHash = (leaf) => sha256(Buffer.of(0), leaf);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

// The bytes that stand for a record.

const u32 = (value) => Buffer.from(value.toString(16).padStart(8, '0'), 'hex');
const u64 = (value) => Buffer.from(value.toString(16).padStart(16, '0'), 'hex');
const text = (value) => {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u32(bytes.length), bytes]);
};
const leafOf = ({ offset, appendedAt, key, headers, value }) => {
  const names = Object.keys(headers).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const written = names.flatMap((name) => [text(name), text(headers[name])]);
  const numbers = [Buffer.of(1), u64(offset), u64(appendedAt)];
  return Buffer.concat([...numbers, text(key), u32(names.length), ...written, text(value)]);
};

/** What the bytes of a record say. */
const recordOf = (leaf) => {
  let at = 17;
  const number = () => {
    at += 4;
    return leaf.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    at += length;
    return leaf.toString('utf8', at - length, at);
  };
  const [offset, appendedAt] = [leaf.readBigUInt64BE(1), leaf.readBigUInt64BE(9)].map(Number);
  const key = text();
  const headers = Object.fromEntries(Array.from({ length: number() }, () => [text(), text()]));
  return { offset, appendedAt, key, headers, value: text() };
};

// Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint).

const parseKey = (line) => {
  const [name, id, base64] = [...(/^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(line.trim()) ?? [])].slice(1);
  const bytes = Buffer.from(base64 ?? '', 'base64');
  const isEd25519 = bytes.length === 33 && bytes[0] === 1;
  if (!isEd25519 || sha256(`${name}\n`, bytes).toString('hex', 0, 4) !== id)
    throw new Error(`${line} is no Ed25519 key.`);
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
  return { name, id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
};

/** The checkpoint of a note, or what is wrong with it. */
const openNote = (note, keys) => {
  const split = note.lastIndexOf('\n\n');
  const body = note.slice(0, split + 1);
  const [origin, size, root] = body.split('\n');
  const place = /^hindcast\/([^/]+)\/(\d+)\/([^/]+\/\d+)$/.exec(origin ?? '');
  const hash = Buffer.from(root ?? '', 'base64');
  if (split < 0 || !place || !/^\d+$/.test(size) || hash.length !== 32) return { wrong: 'is no signed checkpoint' };
  for (const line of note.slice(split + 2).split('\n')) {
    const [dash, name, base64] = line.split(' ');
    const bytes = Buffer.from(base64 ?? '', 'base64');
    const known = keys.find((key) => dash === '\u2014' && key.name === name && key.id === bytes.toString('hex', 0, 4));
    if (!known) continue;
    if (!verify(null, Buffer.from(body), known.key, bytes.subarray(4))) return { wrong: 'has a forged signature' };
    return { logId: place[1], epoch: Number(place[2]), subject: place[3], size: Number(size), root: hash };
  }
  return { wrong: 'is not signed by a key that was given' };
};

const notesOf = (path) =>
  readFileSync(path, 'utf8')
    .replaceAll('\r\n', '\n')
    .split(/\n\n+(?!\u2014 )/u);

// A whole log.

/** The root over the peaks of the complete subtrees, largest first. */
const rootOf = (peaks) => peaks.reduceRight((root, peak) => (root ? nodeHash(peak, root) : peak), undefined);
const push = (peaks, size, leaf) => {
  let node = leaf;
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) node = nodeHash(peaks.pop(), node);
  peaks.push(node);
};

/** The checkpoints of each partition, smallest first. `marks` are the beginnings of leaf hashes: they say where to look. */
const claimsBySubject = (head, audit, notes, keys) => {
  const claims = new Map();
  const claim = (note, where, more = {}) => {
    const opened = openNote(note, keys);
    if (opened.wrong) return found(`${where} ${opened.wrong}.`);
    if (opened.logId !== head.logId || opened.epoch > head.epoch) return found(`${where} is of another log.`);
    if (opened.epoch < head.epoch) earlier += 1;
    else claims.set(opened.subject, [...(claims.get(opened.subject) ?? []), { ...opened, ...more }]);
  };
  for (const { offset, value } of audit) {
    const { type, data } = JSON.parse(value);
    if (type !== 'AuditCheckpointSigned') continue;
    const { note, from, marks } = data;
    claim(note, `The checkpoint at offset ${offset} of ${auditTopic}`, { from, marks: Buffer.from(marks, 'base64') });
  }
  for (const [at, note] of notes.entries()) claim(`${note.trim()}\n`, `The checkpoint number ${at + 1} of the file`);
  for (const of of claims.values()) of.sort((a, b) => a.size - b.size || (a.marks ? -1 : 1));
  return claims;
};

const checkLog = async (path, keys, notes) => {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  let head;
  const audit = [];
  let claims;
  let now = { subject: '', size: 0, peaks: [], proven: 0, due: [], broken: true, leaves: [] };
  const seen = new Set();
  let [proven, unsigned] = [0, 0];

  const isOther = (leaf, { from, marks }, offset) => {
    const at = 2 * (offset - from);
    return at >= 0 && !leaf.subarray(0, 2).equals(marks.subarray(at, at + 2));
  };
  const placeBy = (claim) => {
    const other = claim.marks ? now.leaves.findIndex((leaf, at) => isOther(leaf, claim, now.proven + at)) : -1;
    return other < 0 ? undefined : `at offset ${now.proven + other}`;
  };
  const differs = (place) => found(`${now.subject}: the first record that is not as it was signed is ${place}.`);
  const compare = () => {
    while (!now.broken && now.due[0]?.size === now.size) {
      const claim = now.due.shift();
      if (!rootOf(now.peaks).equals(claim.root)) {
        now.broken = true;
        differs(placeBy(claim) ?? `between offsets ${now.proven} and ${now.size - 1}`);
      } else if (now.due[0]?.size !== now.size) {
        now.proven = now.size;
        now.leaves = [];
      }
    }
  };
  const finish = () => {
    proven += now.proven;
    unsigned += now.size - now.proven;
    if (now.broken || now.due.length === 0) return;
    const place = placeBy(now.due[0]);
    if (place) differs(place);
    found(`${now.subject}: the export ends at offset ${now.size}, and ${now.due.at(-1).size} records were signed.`);
  };
  const begin = (subject) => {
    finish();
    if (seen.has(subject)) throw new Error(`The lines of ${subject} are not together.`);
    seen.add(subject);
    const due = [...(claims.get(subject) ?? [])];
    now = { subject, size: 0, peaks: [], proven: 0, due, broken: false, leaves: [] };
  };

  for await (const line of lines) {
    if (!head) {
      head = JSON.parse(line);
      if (head.hindcastExport !== 1) throw new Error(`${path} is no export that this program can read.`);
      continue;
    }
    const record = JSON.parse(line);
    if (record.topic === auditTopic && !claims) {
      audit.push(record);
      continue;
    }
    claims ??= claimsBySubject(head, audit, notes, keys);
    const subject = `${record.topic}/${record.partition}`;
    if (subject !== now.subject) begin(subject);
    if (now.broken) continue;
    if (record.offset !== now.size) {
      now.broken = true;
      found(`${subject}: offset ${now.size} is missing, what follows is offset ${record.offset}.`);
      continue;
    }
    const leaf = leafHash(leafOf(record));
    push(now.peaks, now.size, leaf);
    if (now.due.length > 0) now.leaves.push(leaf);
    now.size += 1;
    compare();
  }
  finish();
  if (!head) throw new Error(`${path} is empty.`);
  claims ??= claimsBySubject(head, audit, notes, keys);
  for (const [subject, of] of claims) {
    if (!seen.has(subject))
      found(`${subject}: nothing of it is in the export, and ${of.at(-1).size} records were signed.`);
  }
  const count = [...claims.values()].reduce((sum, of) => sum + of.length, 0);
  if (count === 0) found('No checkpoint is of this log and its epoch, so that nothing is proven.');
  const bare = [...seen].filter((subject) => !claims.has(subject));
  const among = bare.length > 0 ? `, among them all of ${bare.join(', ')}` : '';
  return [
    `${proven} records in ${seen.size - bare.length} partitions are as ${count} checkpoints say`,
    ...(unsigned > 0 ? [`${unsigned} are not signed for yet${among}`] : []),
    ...(earlier > 0 ? [`${earlier} checkpoints are of an earlier epoch`] : []),
  ].join('. ');
};

// The proof of one prediction (RFC 9162, section 2.1.3.2).

const rootOfPath = (leaf, index, size, path) => {
  let [at, last, root] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      root = nodeHash(sibling, root);
      for (; at % 2 === 0 && at !== 0; at /= 2) last = Math.floor(last / 2);
    } else {
      root = nodeHash(root, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : undefined;
};

const placeOf = ({ epoch, subject }, offset) => `${epoch}:${subject.split('/')[1]}:${offset}`;

/** Whether a record is an event of this prediction. What a client sent may hold any text, also one that looks like the head of an event. */
const isAbout = (id, { key, value }) => {
  try {
    const { tenant, subject } = JSON.parse(value);
    return subject === id && key === `${tenant}/${id}`;
  } catch {
    return false;
  }
};

const checkProof = (path, keys) => {
  const { id, events } = JSON.parse(readFileSync(path, 'utf8'));
  for (const { position, type, leaf, index, size, path: siblings, checkpoint } of events) {
    const opened = openNote(checkpoint, keys);
    const bytes = Buffer.from(leaf, 'base64');
    const nodes = siblings.map((node) => Buffer.from(node, 'base64'));
    const root = rootOfPath(leafHash(bytes), index, size, nodes);
    if (opened.wrong) found(`${position}: its checkpoint ${opened.wrong}.`);
    else if (opened.size !== size || !root?.equals(opened.root))
      found(`${position}: it is not in the log that was signed.`);
    else {
      const record = recordOf(bytes);
      if (record.offset !== index || position !== placeOf(opened, index))
        found(`${position}: it is another record than it says.`);
      else if (!opened.subject.startsWith(`${predictionsTopic}/`) || !isAbout(id, record))
        found(`${position}: it is not about ${id}.`);
      else if (type !== (record.headers.type ?? ''))
        found(`${position}: it is of the type ${record.headers.type}, not ${type}.`);
      else console.log(`${position}  ${new Date(record.appendedAt).toISOString()}  ${type}`);
    }
  }
  if (events.length === 0) found(`${id}: the proof is empty.`);
  const proven = `${counted(events.length, 'event')} of ${id} ${events.length === 1 ? 'is' : 'are'} in the log that was signed`;
  return `${proven}. That no later event of it is missing here, a proof cannot show`;
};

// Proofs that what is signed now begins with checkpoints that were kept (RFC 9162, section 2.1.4.2).

const isConsistent = (oldSize, oldRoot, size, root, path) => {
  if (oldSize === size) return path.length === 0 && oldRoot.equals(root);
  let [at, last] = [oldSize - 1, size - 1];
  for (; at % 2 === 1; at = (at - 1) / 2) last = Math.floor(last / 2);
  const [first, ...rest] = at === 0 ? [oldRoot, ...path] : path;
  if (oldSize > size || !first) return false;
  let [older, newer] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      [older, newer] = [nodeHash(sibling, older), nodeHash(sibling, newer)];
      for (; at % 2 === 0 && at !== 0; at /= 2) last = Math.floor(last / 2);
    } else {
      newer = nodeHash(newer, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && older.equals(oldRoot) && newer.equals(root);
};

/** Every kept checkpoint has to be the beginning of one that is as large or larger, and all of a partition of the same one. */
const checkConsistency = (path, keys, notes) => {
  const proofs = [JSON.parse(readFileSync(path, 'utf8'))].flat();
  const proven = proofs.map(({ oldSize, path: nodes, checkpoint }) => {
    return { ...openNote(checkpoint, keys), oldSize, path: nodes.map((node) => Buffer.from(node, 'base64')) };
  });
  /** Where proofs lead to, step by step. Each of them holds by itself also where the log was forked. */
  const endOf = (from) => {
    const same = (to) => to.subject === from.subject && to.logId === from.logId && to.epoch === from.epoch;
    const leads = (to) => isConsistent(to.oldSize, from.root, to.size, to.root, to.path);
    const steps = proven.filter((to) => same(to) && to.oldSize === from.size && leads(to));
    const [next] = steps.sort((a, b) => b.size - a.size);
    return next && next.size > from.size ? (endOf(next) ?? next) : next;
  };
  const kept = notes.map((note) => openNote(`${note.trim()}\n`, keys));
  const ends = new Map();
  for (const [at, older] of kept.entries()) {
    const { wrong, subject, size } = older;
    const end = wrong ? undefined : endOf(older);
    const other = ends.get(subject) ?? end;
    if (wrong) found(`The checkpoint number ${at + 1} of the file ${wrong}.`);
    else if (!end) found(`${subject}: no proof says that its first ${size} records are still those that were signed.`);
    else if (other.size !== end.size || !other.root.equals(end.root))
      found(`${subject}: proofs lead to ${other.size} and to ${end.size} records, which nothing connects.`);
    if (end) ends.set(subject, other);
  }
  if (kept.length === 0) found('There are no checkpoints that were kept (--checkpoints).');
  return `${kept.length} checkpoints are the beginning of what is signed now`;
};

const main = async () => {
  const [what, path, ...options] = process.argv.slice(2);
  const given = (name) => options.flatMap((option, at) => (option === name ? [options[at + 1] ?? ''] : []));
  const keys = given('--key').map(parseKey);
  if (!path || keys.length === 0 || !['log', 'proof', 'consistency'].includes(what))
    throw new Error('Usage: node verify.mjs log|proof|consistency FILE --key KEY [--checkpoints FILE]');
  const check = { log: checkLog, proof: checkProof, consistency: checkConsistency }[what];
  const said = await check(path, keys, given('--checkpoints').flatMap(notesOf));
  for (const finding of findings) console.log(finding);
  console.log(findings.length === 0 ? `${said}.` : `${counted(findings.length, 'finding')}.`);
  process.exitCode = findings.length === 0 ? 0 : 1;
};

await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 2;
});
