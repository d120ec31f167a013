import type { TSchema } from '@sinclair/typebox';
import { type ProblemCode, problems } from './problems.ts';

/** A documented answer whose body is a problem. */
export interface ProblemResponse {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>;
}

/** The documented answers for these codes, by status: spread into a route's `response`. */
export const problemResponses = (...codes: readonly ProblemCode[]): Readonly<Record<number, ProblemResponse>> => {
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const { status, title } = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${title}`]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, lines]) => [
      status,
      {
        description: lines.join('\n\n'),
        content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
      },
    ]),
  );
};

/**
 * The `response` of a route: its own answers by status, and the problems it can give. Typed as unknown, so that a handler
 * may send whatever of it fits (HTML beside JSON); the tests compare answers with their schemas.
 */
export const answers = (own: Readonly<Record<number, TSchema>>, ...codes: readonly ProblemCode[]): unknown => ({
  ...own,
  ...problemResponses(...codes),
});

interface DocumentedSchema {
  readonly body?: unknown;
  readonly querystring?: unknown;
  readonly params?: unknown;
  readonly response?: unknown;
}

/** What any route of this shape can answer, besides what it says itself. */
export const commonResponses = (
  { body, querystring, params, response = {} }: DocumentedSchema,
  { bodied, limited }: { readonly bodied: boolean; readonly limited: boolean },
): Readonly<Record<string, unknown>> => {
  const own = response as Readonly<Record<string, { description?: string }>>;
  const codes: ProblemCode[] = ['malformed-request', 'headers-too-large', 'internal-error', 'request-timeout'];
  if (querystring !== undefined || params !== undefined) codes.push('invalid-parameter');
  if (limited) codes.push('rate-limited');
  if (bodied) codes.push('body-too-large', 'unsupported-media-type');
  if (body !== undefined) codes.push('invalid-body');
  const merged: Record<string, unknown> = { ...own };
  for (const [status, answer] of Object.entries(problemResponses(...codes))) {
    const known = own[status];
    merged[status] = known ? { ...known, description: `${known.description}\n\n${answer.description}` } : answer;
  }
  return merged;
};
