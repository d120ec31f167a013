import { detailCharsMax } from './child-protocol.ts';
import { canLimitMemory, type LaunchOptions } from './inference-process.ts';

/** Where in its own sources the runtime was: it says nothing to whoever has the model, and hides the words behind it. */
const sourcePlace = /\S*\w\.(?:cc|cpp|h):\d+ (?:[^()]*::[^()]*\([^()]*\)(?: const)? )?/g;
const noMemory = /failed to allocate|bad_?alloc/i;
const gibibyte = 2 ** 30;

/** What the runtime said when it threw, as people are told of it. */
export const runtimeWords = (
  said: unknown,
  { memoryBytesMax }: Pick<LaunchOptions, 'memoryBytesMax'>,
  isLimited = canLimitMemory(),
): string => {
  // A child that was taken over may say anything.
  const words = String(said).slice(0, detailCharsMax).replaceAll(sourcePlace, '').trim();
  if (!noMemory.test(words)) return words;
  const limit = `${Number((memoryBytesMax / gibibyte).toFixed(1))} GiB, HINDCAST_MODEL_MEMORY_BYTES`;
  const room = isLimited ? `than its process may take (${limit})` : 'than there is';
  return `The model asked for more memory ${room}: ${words}`;
};
