import { readFile } from 'node:fs/promises';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Client {
  readonly url: string;
  request(
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
  submit(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(id: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Waits, a long poll at a time, until the prediction has ended. */
  ended(id: unknown, timeoutMs?: number): Promise<Record<string, unknown>>;
  addModel(name: string, file: URL, query?: string): Promise<Answer>;
}

export const clientOf = (url: string): Client => {
  const request: Client['request'] = async (method, path, { body, headers } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
  };
  const get: Client['get'] = (id, headers) =>
    request('GET', `/v1/predictions/${String(id)}`, { headers: headers ?? {} });
  return {
    url,
    request,
    get,
    submit: (body, headers) => request('POST', '/v1/predictions', { body, headers: headers ?? {} }),
    async ended(id, timeoutMs = 30_000) {
      const end = Date.now() + timeoutMs;
      for (;;) {
        const { status, body } = await get(id, { prefer: 'wait=5' });
        if (status === 200 && body['status'] !== 'queued' && body['status'] !== 'running') return body;
        if (Date.now() > end)
          throw new Error(`prediction ${String(id)} is still ${String(body['status'])} (HTTP ${status})`);
      }
    },
    async addModel(name, file, query = '') {
      const response = await fetch(`${url}/v1/models/${name}/versions${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: await readFile(file),
      });
      return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
    },
  };
};

export const modelFile = (name: string): URL => new URL(`../models/${name}.onnx`, import.meta.url);
export const sampleFile = (path: string): URL => new URL(`../../samples/${path}`, import.meta.url);

/** Resolves when `check` answers true, asked again and again; fails with `what` after the time. */
export const until = async (what: string, check: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> => {
  const end = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
