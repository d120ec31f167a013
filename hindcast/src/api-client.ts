import { CliFailure, EXIT, failed, PassingFailure, usage } from './cli-failure.ts';
import { type ProblemDocument, problemLines } from './problem-lines.ts';
import { silentMsMax, whileWaiting } from './while-waiting.ts';

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: Blob;
  /** Until the headers of the answer are there. */
  readonly timeoutMs?: number;
  /** Flags of the command line by the parameter, or the place in the body, that each became: see `flagsOf`. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Statuses that the caller handles itself instead of getting a failure. */
  readonly expect?: readonly number[];
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The HTTP API of a running Hindcast. Every refusal becomes a `CliFailure` with the server's own words. */
export interface ApiClient {
  /** Where it reads. */
  readonly url: string;
  /** Where it asks for predictions. */
  readonly commandUrl: string;
  request(path: string, request?: ApiRequest): Promise<ApiAnswer>;
  /** The answer before its body is read: event streams, NDJSON. */
  open(path: string, request?: ApiRequest): Promise<Response>;
}

export const requestTimeoutMs = 75_000;

/** Of two addresses, for where no balancer parts them, the first one is that of a query API and the second of a command API. */
const basesOf = (urls: string): ((path: string, request: ApiRequest) => string) => {
  const [query = '', command = query] = urls.split(',').map((url) => url.replace(/\/$/, ''));
  return (path, { method = 'GET' }) => (method === 'GET' && !path.startsWith('/v2/') ? query : command);
};

/** @param note told once of a request that has no answer for long, and was not made to wait */
export const openApiClient = (urls: string, note: (text: string) => void, silentMs = silentMsMax): ApiClient => {
  const baseOf = basesOf(urls);

  const open = async (path: string, request: ApiRequest = {}): Promise<Response> => {
    const base = baseOf(path, request);
    const abort = new AbortController();
    const timeoutMs = request.timeoutMs ?? requestTimeoutMs;
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const answered = fetch(base + path, { ...fetchOptions(request), signal: abort.signal });
      const response = await (request.timeoutMs === undefined
        ? whileWaiting(
            answered,
            () => note(`${base} has not answered yet; waiting for up to ${timeoutMs / 1000} s.`),
            silentMs,
          )
        : answered);
      if (!response.ok && !request.expect?.includes(response.status)) throw await refusal(response, request.flags);
      return response;
    } catch (error) {
      if (error instanceof CliFailure) throw error;
      if (abort.signal.aborted) {
        throw new PassingFailure(EXIT.timedOut, `${base} did not answer within ${timeoutMs / 1000} s.`);
      }
      throw unreachable(base, error);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    url: baseOf('/', {}),
    commandUrl: baseOf('/', { method: 'POST' }),
    open,
    request: async (path, request) => {
      const response = await open(path, request);
      return { status: response.status, headers: response.headers, body: await bodyOf(response) };
    },
  };
};

const fetchOptions = ({ method, headers, json, body }: ApiRequest): RequestInit => ({
  method: method ?? 'GET',
  headers: { ...(json === undefined ? undefined : { 'content-type': 'application/json' }), ...headers },
  ...(json === undefined ? undefined : { body: JSON.stringify(json) }),
  ...(body === undefined ? undefined : { body }),
});

const bodyOf = async (response: Response): Promise<unknown> => {
  const text = await response.text().catch((error: unknown) => {
    throw unreachable(response.url, error);
  });
  if (!/[/+]json\b/.test(response.headers.get('content-type') ?? '')) return text;
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    throw failed(`${response.url} answered something that is not JSON.`, error);
  }
};

const exitOf = (status: number) => {
  if (status === 404) return EXIT.notFound;
  return status === 408 || status === 504 ? EXIT.timedOut : EXIT.failed;
};

/** Of a server that starts or ends, and of a balancer that has none. */
const awayStatuses = new Set([502, 503, 504]);

const refusal = async (response: Response, flags: ApiRequest['flags'] = {}): Promise<CliFailure> => {
  const body = await bodyOf(response);
  const problem = typeof body === 'object' && body !== null ? (body as ProblemDocument) : {};
  const mistaken = (problem.errors ?? []).map(({ pointer = '', detail = '' }) => ({
    flag: flagAt(flags, pointer),
    detail,
  }));
  // People who typed a flag know no parameter, and scripts tell by the code that they are wrong themselves.
  if (mistaken.length > 0 && mistaken.every(({ flag }) => flag !== undefined))
    return usage(mistaken.map(({ flag, detail }) => `${flag}: ${detail}`).join('\n'));
  const [first, ...further] = problemLines(problem);
  const lines = [`${first} (HTTP ${response.status})`, ...further];
  const retryAfter = response.headers.get('retry-after');
  if (retryAfter !== null) lines.push(`Try again in ${retryAfter} s.`);
  const [exit, said] = [exitOf(response.status), lines.join('\n')];
  if (retryAfter === null && !awayStatuses.has(response.status)) return new CliFailure(exit, said);
  return new PassingFailure(exit, said, { afterMs: 1_000 * (Number(retryAfter) || 0) });
};

const flagAt = (flags: NonNullable<ApiRequest['flags']>, pointer: string): string | undefined =>
  Object.entries(flags).find(([place]) => pointer === place || pointer.startsWith(`${place}/`))?.[1];

const unreachable = (url: string, error: unknown): PassingFailure => {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === 'ECONNREFUSED') {
    return new PassingFailure(
      EXIT.failed,
      `Nothing answers at ${url}. Start it with \`npx hindcast start\`, or name another address with --url or HINDCAST_URL.`,
      { cause: error },
    );
  }
  const said = cause instanceof Error ? cause.message : String(cause);
  return new PassingFailure(EXIT.failed, `No answer from ${url}: ${said}`, { cause: error });
};
