/** Longer than nearly everything takes that goes well, and shorter than people wait without a word. */
export const silentMsMax = 5_000;

/** Says something once where a wait becomes a long one. */
export const whileWaiting = async <T>(work: Promise<T>, say: () => void, afterMs = silentMsMax): Promise<T> => {
  const timer = setTimeout(say, afterMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
};
