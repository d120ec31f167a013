import type { ModelFile, ModelRefusal, Tensor } from '@hindcast/domain';

/** Messages between the runtime and an inference child. A child has at most one request under way. */
export type Request =
  | { readonly kind: 'load'; readonly session: number; readonly path: string }
  | { readonly kind: 'run'; readonly session: number; readonly inputs: readonly Tensor[] }
  | { readonly kind: 'inspect'; readonly path: string };

export type Reply =
  /** Sent once, unasked: the child takes requests. */
  | { readonly kind: 'ready'; readonly runtime: string }
  /** `bytes`: how much the memory of the child grew. */
  | { readonly kind: 'loaded'; readonly bytes: number }
  | { readonly kind: 'ran'; readonly outputs: readonly Tensor[]; readonly inferenceMs: number }
  | { readonly kind: 'inspected'; readonly file: ModelFile }
  | { readonly kind: 'refused'; readonly refusal: ModelRefusal }
  /** The runtime threw; its words. */
  | { readonly kind: 'failed'; readonly detail: string };

/** Characters of the runtime's words that are passed on. */
export const detailCharsMax = 1_000;
/** Intra-op threads of every session: one, so that results do not depend on how sums are split. */
export const sessionThreads = 1;
