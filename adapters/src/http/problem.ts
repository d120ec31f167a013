import { type Static, Type } from '@sinclair/typebox';
import { type ProblemCode, problems } from './problems.ts';

/** How many single faults one answer lists. */
export const problemErrorsMax = 32;

/** The body of every error, as RFC 9457 describes it. */
export const problemSchema = Type.Object(
  {
    type: Type.String({ description: 'Path of a page with cause and fix', examples: ['/problems/invalid-input'] }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What was wrong with this very request' }),
    reason: Type.Optional(Type.String({ description: 'A finer code than that of the type' })),
    instance: Type.Optional(Type.String({ description: 'Path of the request' })),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer into the body, or the name of a parameter' }),
          detail: Type.String(),
        }),
        { maxItems: problemErrorsMax },
      ),
    ),
    traceId: Type.Optional(Type.String({ description: 'Finds the request in the logs' })),
  },
  { $id: 'Problem', description: 'An error, as RFC 9457 describes it' },
);
export type ProblemBody = Static<typeof problemSchema>;
export type ProblemError = NonNullable<ProblemBody['errors']>[number];

export interface ProblemExtras {
  readonly errors?: readonly ProblemError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** A finer code than the one of the table. */
  readonly reason?: string;
}

/** A refusal with a code from the one table. Thrown in a handler, it becomes the answer. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly ProblemError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: string | undefined;

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.status = problems[code].status;
    this.detail = detail;
    this.errors = extras.errors?.slice(0, problemErrorsMax);
    this.headers = extras.headers ?? {};
    this.reason = extras.reason;
  }
}

export const problem = (code: ProblemCode, detail: string, extras?: ProblemExtras): Problem =>
  new Problem(code, detail, extras);

/** The body without what only a request knows: also used for one item of many, and for an ended prediction. */
export const problemBody = ({ code, status, detail, errors, reason }: Problem): ProblemBody => ({
  type: `/problems/${code}`,
  title: problems[code].title,
  status,
  detail,
  ...(reason === undefined ? undefined : { reason }),
  ...(errors === undefined ? undefined : { errors: [...errors] }),
});
