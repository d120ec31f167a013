import { type ArtifactStore, ArtifactTooLarge, type Sha256 } from '../ports.ts';

/**
 * Artifacts that are gone with the process. There are no files, so `localPath` never has one: a runtime that loads
 * models from files needs the folder store.
 */
export const createMemoryArtifactStore = ({ sha256 }: { readonly sha256: Sha256 }): ArtifactStore => {
  const artifacts = new Map<string, Uint8Array>();
  return {
    put: async (source, bytesMax) => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > bytesMax) throw new ArtifactTooLarge(bytesMax);
        chunks.push(chunk.slice());
      }
      const content = new Uint8Array(bytes);
      let at = 0;
      for (const chunk of chunks) {
        content.set(chunk, at);
        at += chunk.length;
      }
      const digest = sha256(content);
      artifacts.set(digest, content);
      return { sha256: digest, bytes };
    },
    get: async (digest) => {
      const content = artifacts.get(digest);
      return content && oneChunk(content);
    },
    has: async (digest) => artifacts.has(digest),
    localPath: async () => undefined,
  };
};

async function* oneChunk(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content.slice();
}
