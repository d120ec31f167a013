import { isEnded, type PredictionDoc } from '@hindcast/domain';
import { shardOf } from './shards.ts';

/** A message is sent when it has grown to this. */
const messageCharactersMin = 128 * 1024;

/** `text` is the document; undefined for one that was left out. */
export interface Notice {
  readonly key: string;
  readonly text: string | undefined;
}

/**
 * Documents of one channel share messages. A message is lines in pairs: a key as JSON, then the document as JSON or
 * nothing. Whoever does not wait for a key passes over its document without parsing it. An ended one is not sent: it is in
 * the result cache, few of them are waited for, and every process that listens to the channel would be sent them all.
 */
export const noticesOf = (
  docs: readonly PredictionDoc[],
  wholeCharactersMax: number,
): readonly { readonly shard: number; readonly message: string }[] => {
  const messages: { shard: number; message: string }[] = [];
  const open = new Map<number, string>();
  for (const doc of docs) {
    const shard = shardOf(doc.key);
    const whole = isEnded(doc.state) ? '' : JSON.stringify(doc);
    const body = whole.length <= wholeCharactersMax ? whole : '';
    const message = `${open.get(shard) ?? ''}${JSON.stringify(doc.key)}\n${body}\n`;
    if (message.length < messageCharactersMin) open.set(shard, message);
    else {
      messages.push({ shard, message });
      open.delete(shard);
    }
  }
  for (const [shard, message] of open) messages.push({ shard, message });
  return messages;
};

/** What a message says of keys that somebody waits for. A line that is no key ends the reading. */
export const readNotices = (message: string, awaited: (key: string) => boolean): readonly Notice[] => {
  const notices: Notice[] = [];
  for (let at = 0; at < message.length; ) {
    const keyEnd = message.indexOf('\n', at);
    const bodyEnd = message.indexOf('\n', keyEnd + 1);
    if (keyEnd < 0 || bodyEnd < 0) return notices;
    const key = keyIn(message.slice(at, keyEnd));
    if (key === undefined) return notices;
    if (awaited(key))
      notices.push({ key, text: bodyEnd > keyEnd + 1 ? message.slice(keyEnd + 1, bodyEnd) : undefined });
    at = bodyEnd + 1;
  }
  return notices;
};

const keyIn = (line: string): string | undefined => {
  try {
    const key: unknown = JSON.parse(line);
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
};
