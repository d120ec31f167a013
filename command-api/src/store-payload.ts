import type { DataRef } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';

/** Puts a value that is too large for an event into the artifact store, as JSON. */
export const storePayload = ({ ports, limits }: CommandContext, value: unknown): Promise<DataRef> =>
  ports.artifacts.put(once(Buffer.from(JSON.stringify(value), 'utf8')), limits.batchBytesMax);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
