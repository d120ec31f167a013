/** What the bench asks a Hindcast, embedded or distributed, besides the load. */
const json = async (url: string): Promise<Record<string, unknown>> =>
  (await fetch(url)).json() as Promise<Record<string, unknown>>;

/** How many predictions of a model have succeeded, by the view. */
export const succeeded = async (url: string, model: string): Promise<number> => {
  const { data } = (await json(`${url}/v1/stats?model=${model}`)) as { data: { succeeded: number }[] };
  return data.reduce((sum, hour) => sum + hour.succeeded, 0);
};

export const openPredictions = async (url: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^hindcast_predictions_open (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
};

/** Looks at the system seldom: reading statistics makes the views of an embedded run write what waits. */
const pollMs = 100;

export const until = async (reached: () => Promise<boolean>): Promise<void> => {
  while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, pollMs));
};

/** Whether the status view has folded all that the log has. */
export const isFolded = async (url: string): Promise<boolean> => {
  const { data } = (await json(`${url}/v1/projections`)) as { data: { name: string; lag: number }[] };
  return data.some(({ name, lag }) => name === 'prediction-status' && lag === 0);
};

const rebuildPollMs = 20;

/** Events a second from the order to rebuild the status view until it serves, of as many as the job reports. */
export const rebuildRate = async (url: string): Promise<number> => {
  const startedAt = performance.now();
  const started = await fetch(`${url}/v1/projections/prediction-status/rebuild`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const place = started.headers.get('location');
  if (place === null) throw new Error(`the rebuild was refused: ${await started.text()}`);
  for (;;) {
    const job = await json(`${url}${place}`);
    if (job['phase'] === 'failed') throw new Error(`the rebuild failed: ${JSON.stringify(job)}`);
    if (job['phase'] === 'done') return (Number(job['total']) / (performance.now() - startedAt)) * 1000;
    await new Promise((resolve) => setTimeout(resolve, rebuildPollMs));
  }
};

/** Events a second of the stream of all, as a client reads it. */
export const replayRate = async (url: string): Promise<number> => {
  const startedAt = performance.now();
  const response = await fetch(`${url}/v1/events`);
  let lines = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>)
    for (const byte of chunk) if (byte === 10) lines += 1;
  return (lines / (performance.now() - startedAt)) * 1_000;
};
