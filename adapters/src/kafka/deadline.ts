/** A request that kafkajs neither answered nor gave up. */
export class BrokerSilent extends Error {
  constructor(afterMs: number) {
    super(`No answer within ${Math.ceil(afterMs)} ms.`);
    this.name = 'BrokerSilent';
  }
}

/**
 * kafkajs gives requests up by a timer of the connection, which it stops when it closes the connection: a request that
 * was sent at that moment would be waited for without end.
 */
export const withDeadline = <T>(ms: number, request: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new BrokerSilent(ms)), ms);
    request.then(resolve, reject).finally(() => clearTimeout(timer));
  });
