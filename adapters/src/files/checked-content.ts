import { createHash } from 'node:crypto';
import { ArtifactDamaged } from '@hindcast/domain';

/** The content, whose last chunk comes only when all of it has the digest. Otherwise it is `setAside`, as far as that can be done. */
export async function* checkedContent(
  content: AsyncIterable<Uint8Array>,
  sha256: string,
  setAside: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let held: Uint8Array | undefined;
  for await (const chunk of content) {
    if (held) yield held;
    hash.update(chunk);
    held = chunk;
  }
  const actual = hash.digest('hex');
  if (actual !== sha256) {
    await setAside().catch(() => undefined);
    throw new ArtifactDamaged(sha256, actual);
  }
  if (held) yield held;
}
