interface Asked<Ask, Answer> {
  readonly ask: Ask;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What is asked for while a command is under way goes out together as the next one: many partitions share a write, and
 * nobody waits for company. `send` answers one answer for each, and must be safe to repeat: where several failed together
 * each is sent once more on its own, so that the one that cannot be stored stops only itself.
 */
export const gatheredWrites = <Ask, Answer>(
  send: (asks: readonly Ask[]) => Promise<readonly Answer[]>,
  asksMax: number,
): ((ask: Ask) => Promise<Answer>) => {
  const waiting: Asked<Ask, Answer>[] = [];
  let isSending = false;

  const alone = async ({ ask, resolve, reject }: Asked<Ask, Answer>): Promise<void> => {
    try {
      for (const answer of await send([ask])) resolve(answer);
    } catch (error) {
      reject(error);
    }
  };
  const together = async (asked: readonly Asked<Ask, Answer>[]): Promise<void> => {
    try {
      const answers = await send(asked.map(({ ask }) => ask));
      for (const [at, { resolve }] of asked.entries()) resolve(answers[at] as Answer);
    } catch (error) {
      if (asked.length === 1) asked[0]?.reject(error);
      else await Promise.all(asked.map(alone));
    }
  };
  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) await together(waiting.splice(0, asksMax));
    isSending = false;
  };

  return (ask) =>
    new Promise((resolve, reject) => {
      waiting.push({ ask, resolve, reject });
      if (isSending) return;
      isSending = true;
      // What else this turn of the event loop asks for goes with it.
      setImmediate(sendAll);
    });
};
