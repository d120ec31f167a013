/** Four whole numbers: what the linear model makes of them is exact. */
export type Row = readonly number[];

/** What a client asked for. `reference` is told to Hindcast and comes back in the log. */
export type Ask =
  | { readonly kind: 'submit'; readonly reference: string; readonly input: Row; readonly key?: string }
  | { readonly kind: 'batch'; readonly reference: string; readonly inputs: readonly Row[]; readonly key?: string }
  | { readonly kind: 'infer'; readonly reference: string; readonly inputs: readonly Row[] }
  | { readonly kind: 'read'; readonly id: string; readonly waits: boolean }
  | { readonly kind: 'cancel'; readonly id: string }
  | { readonly kind: 'label'; readonly id: string };

export type Body = Readonly<Record<string, unknown>>;

/** One request and what came back, with times in ms since the history began. */
export interface Operation {
  readonly ask: Ask;
  readonly at: number;
  readonly until: number;
  /** 0 where the connection ended without a whole answer; 1 where nothing came in time. */
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Body;
}

export const noAnswer = 0;
const noAnswerInTime = 1;
/** Longer than anything a request of these clients may wait for. */
const answerMsMax = 40_000;
const longPollSeconds = 5;

/** Clients of one address that write down all they ask and hear. */
export interface History {
  readonly model: string;
  readonly operations: readonly Operation[];
  now(): number;
  ask(ask: Ask): Promise<Operation>;
}

const requestOf = (model: string, ask: Ask): { method: string; path: string; body?: unknown; key?: string } => {
  switch (ask.kind) {
    case 'submit': {
      const { input, reference: referenceId, key } = ask;
      return { method: 'POST', path: '/v1/predictions', body: { model, input, referenceId }, ...(key && { key }) };
    }
    case 'batch': {
      const { inputs, key } = ask;
      const items = inputs.map((input, at) => ({ input, referenceId: referenceOf(ask, at) }));
      return { method: 'POST', path: '/v1/predictions', body: { model, items }, ...(key && { key }) };
    }
    case 'infer': {
      const { inputs, reference: id } = ask;
      const tensor = { name: 'x', datatype: 'FP32', shape: [inputs.length, 4], data: inputs.flat() };
      return { method: 'POST', path: `/v2/models/${model}/infer`, body: { id, inputs: [tensor] } };
    }
    case 'read':
      return { method: 'GET', path: `/v1/predictions/${ask.id}` };
    case 'cancel':
      return { method: 'POST', path: `/v1/predictions/${ask.id}/cancel` };
    case 'label':
      return { method: 'POST', path: `/v1/predictions/${ask.id}/labels`, body: { value: true } };
    default:
      return ask satisfies never;
  }
};

/** What the log calls the row `at` of a request. */
export const referenceOf = (ask: Exclude<Ask, { id: string }>, at: number): string =>
  ask.kind === 'batch' ? `${ask.reference}-${at}` : ask.reference;

export const recordHistory = (url: string, model: string): History => {
  const operations: Operation[] = [];
  const begin = performance.now();
  const now = () => performance.now() - begin;

  const answerTo = async (ask: Ask): Promise<Pick<Operation, 'status' | 'retryAfter' | 'body'>> => {
    const { method, path, body, key } = requestOf(model, ask);
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...(ask.kind === 'read' && ask.waits ? { prefer: `wait=${longPollSeconds}` } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(answerMsMax),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        body: isJson ? JSON.parse(text) : { text },
      };
    } catch (error) {
      const late = error instanceof DOMException && error.name === 'TimeoutError';
      return { status: late ? noAnswerInTime : noAnswer, retryAfter: null, body: { error: String(error) } };
    }
  };

  return {
    model,
    operations,
    now,
    async ask(ask) {
      const at = now();
      const operation = { ask, at, ...(await answerTo(ask)), until: now() };
      operations.push(operation);
      return operation;
    },
  };
};

/** Whether the client was told that its predictions are durable. */
export const isAccepted = ({ ask, status }: Operation): boolean =>
  (ask.kind === 'submit' || ask.kind === 'batch') && (status === 201 || status === 202);

/** The accepted predictions of an answer, each with the row that was sent for it. */
export const acceptedRows = (operation: Operation): readonly { readonly id: string; readonly input: Row }[] => {
  const { ask, body } = operation;
  if (!isAccepted(operation)) return [];
  if (ask.kind === 'submit') return [{ id: String(body['id']), input: ask.input }];
  if (ask.kind !== 'batch') return [];
  const items = body['items'] as readonly { readonly id?: string }[];
  return items.flatMap(({ id }, at) => (id === undefined ? [] : [{ id, input: ask.inputs[at] ?? [] }]));
};
