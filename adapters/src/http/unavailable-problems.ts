import { kind, type ProblemKind } from './problem-kind.ts';

/** What may pass by itself: the same request may be answered a little later. */
export const unavailableProblems = {
  'backlog-too-long': kind(
    503,
    'Too much work is waiting',
    'What waits already could not be finished before the deadline of this request, or as many predictions are open as may be, of this model or of all together. `detail` says which. Nothing was accepted.',
    'Repeat the request after Retry-After seconds. Where the deadline is too close, give a longer one with Cancel-After; where too many are open, see whether the model is paused, cancel what nobody needs, or let the operator allow more (HINDCAST_OPEN_MAX).',
  ),
  'log-unavailable': kind(
    503,
    'The log cannot be reached',
    'The event log does not answer or has no room, so it cannot be written, or not be read. `detail` says which. Nothing is known to have been accepted.',
    'Repeat the request after Retry-After seconds, with the same Idempotency-Key if there was one.',
  ),
  'claims-unavailable': kind(
    503,
    'The key cannot be held for certain',
    'Neither the claims on idempotency keys nor the other processes that accept predictions can be reached, or the key could not be held for as long as the request took to prepare. Nothing of this request was accepted.',
    'Repeat the request after Retry-After seconds, with the same Idempotency-Key.',
  ),
  'proof-not-ready': kind(
    503,
    'There is no proof yet',
    'No signed checkpoint holds the events of this prediction yet. They are signed some seconds after they were stored.',
    'Repeat the request after Retry-After seconds. If that does not help, see whether a notary runs: GET /v1/audit/checkpoints.',
  ),
  'store-unavailable': kind(
    503,
    'The views cannot be read',
    'The store that answers reads does not respond.',
    'Repeat the request after Retry-After seconds.',
  ),
  'view-behind': kind(
    503,
    'The view has not caught up',
    'The view had not reached the position that this request must see within the time allowed.',
    'Repeat the request after Retry-After seconds.',
  ),
  'catalog-behind': kind(
    503,
    'The catalog has not caught up',
    'This process could not read the topic of models or of jobs to its end, so it cannot tell what exists.',
    'Repeat the request after Retry-After seconds.',
  ),
  'model-quarantined': kind(
    503,
    'The model version is quarantined',
    'It brought down its process too often and is stopped until an operator resumes it.',
    'Use another version, or POST /v1/models/{name}/resume after mending the cause.',
  ),
  'too-many-jobs': kind(
    503,
    'Too many jobs are open',
    'As many jobs wait or run as may. Nothing was accepted.',
    'Repeat the request after Retry-After seconds, or cancel jobs that nobody needs: GET /v1/jobs?status=queued lists those that wait.',
  ),
  'too-many-waiting': kind(
    503,
    'Too many requests wait here',
    'Long polls, event streams and replays that are open at once are bounded, and the bound is reached.',
    'Repeat the request after Retry-After seconds, or send it to another replica.',
  ),
  'not-ready': kind(
    503,
    'The server is not ready',
    'A part that this server needs does not work yet, or the server is shutting down.',
    'GET /readyz?verbose shows which part. Send the request to another replica.',
  ),
} as const satisfies Record<string, ProblemKind>;
