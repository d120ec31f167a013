/** A list that is read from its beginning while it grows: readers wait for what is not there yet. */
export const createGrowingList = <T>() => {
  const items: T[] = [];
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  const wake: (() => void)[] = [];
  const tell = (): void => {
    for (const one of wake.splice(0)) one();
  };
  return {
    add(item: T): void {
      items.push(item);
      tell();
    },
    end(): void {
      ended = true;
      tell();
    },
    /** Readers get what is there, and then the error. */
    fail(error: unknown): void {
      failure ??= { error };
      tell();
    },
    async *all(): AsyncGenerator<T> {
      for (let at = 0; ; at++) {
        while (at >= items.length && !ended && !failure) await new Promise<void>((resolve) => wake.push(resolve));
        const item = items[at];
        if (item === undefined) break;
        yield item;
      }
      if (failure) throw failure.error;
    },
  };
};
