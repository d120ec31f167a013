import { datasetProblems } from './dataset-problems.ts';
import { kind, type ProblemKind } from './problem-kind.ts';
import { unavailableProblems } from './unavailable-problems.ts';

/** Every error code of the HTTP interfaces, and of predictions that ended without an output. */
export const problems = {
  ...datasetProblems,
  'malformed-request': kind(
    400,
    'The request cannot be read',
    'The bytes are not an HTTP request with a well-formed JSON body: broken syntax, invalid UTF-8, a duplicate or forbidden member name, a number out of range, or nesting beyond 32 levels.',
    'Send one JSON value in UTF-8, with every member name once. `detail` names what was found.',
  ),
  'invalid-parameter': kind(
    400,
    'A parameter is not valid',
    'A path segment, query parameter or header has a form that this operation does not know.',
    'Compare the parameter named in `errors` with the operation in /openapi.json.',
  ),
  'invalid-idempotency-key': kind(
    400,
    'The idempotency key is not valid',
    'The Idempotency-Key header is empty, longer than 255 characters, given twice, or has characters outside printable ASCII.',
    'Send one key of 1 to 255 printable ASCII characters, such as a UUID, quoted or bare.',
  ),
  'invalid-cursor': kind(
    400,
    'The cursor is not valid',
    'The cursor was not made by this server, or was cut on the way.',
    'Use `nextCursor` of the last page as it stands, or start again without a cursor.',
  ),
  'not-found': kind(404, 'There is nothing here', 'No resource has this path.', 'Look for the path in /openapi.json.'),
  'unknown-prediction': kind(
    404,
    'The prediction is unknown',
    'No prediction with this id was ever accepted for this tenant. The log was read to its end before this was said.',
    'Check the id. A 202 answer has it in `id` and in the Location header.',
  ),
  'no-output': kind(
    404,
    'The prediction has no output',
    'It has not ended yet, or it ended without an output: it failed, expired or was canceled.',
    'GET /v1/predictions/{id} shows how far it has come; with `Prefer: wait=N` it answers once it has ended.',
  ),
  'unknown-model': kind(
    404,
    'The model is unknown',
    'No model with this name is registered. The log was read to its end before this was said.',
    'Register it with POST /v1/models/{name}/versions, or use a name that GET /v1/models lists.',
  ),
  'unknown-model-version': kind(
    404,
    'The model version is unknown',
    'The model exists, but not this version of it.',
    'GET /v1/models/{name} lists the versions.',
  ),
  'unknown-projection': kind(
    404,
    'The projection is unknown',
    'No view with this name is kept.',
    'Use a name that `detail` lists.',
  ),
  'unknown-rebuild': kind(
    404,
    'The rebuild is unknown',
    'No rebuild of this projection with this id is known. The log was read to its end before this was said; of those that have ended the newest are remembered.',
    'Look at the generations of the projection, or start a rebuild again.',
  ),
  'no-checkpoint': kind(
    404,
    'Nothing is signed',
    'The log holds no signed checkpoint that was asked for: no notary runs, or it has just begun.',
    'Start a process with HINDCAST_AUDIT=true and, on Kafka, with HINDCAST_AUDIT_KEY. The first checkpoints follow within seconds.',
  ),
  'unknown-job': kind(
    404,
    'The job is unknown',
    'No job with this id is known. The log was read to its end before this was said; of those that have ended the newest are remembered.',
    'GET /v1/jobs lists those that are known. The log keeps all: GET /v1/events?topic=jobs.',
  ),
  'unknown-problem': kind(
    404,
    'The error code is unknown',
    'No error of this server has this code.',
    'GET /problems lists all codes.',
  ),
  'method-not-allowed': kind(
    405,
    'The method is not allowed here',
    'The path exists, but not with this method.',
    'Use a method that the Allow header lists.',
  ),
  'wrong-process': kind(
    421,
    'Another process answers this',
    'This Hindcast is several processes, and the one that was asked answers other requests.',
    'Ask the balancer in front of all: GET and HEAD go to a query-api, everything else and all of /v2 to a command-api.',
  ),
  'request-timeout': kind(
    408,
    'The request came in too slowly',
    'The whole request must arrive within 30 seconds, its headers within 10. A model file may take longer while it brings 32 KiB or more each second.',
    'Send it again over a faster connection, or in smaller parts.',
  ),
  'idempotency-in-flight': kind(
    409,
    'A request with this key is being handled',
    'Another request holds this idempotency key, and is not known to have been accepted.',
    'Repeat the request after Retry-After seconds. Once the first is accepted, an equal request gets its answer, and any other is refused.',
  ),
  'prediction-ended': kind(
    409,
    'The prediction has already ended',
    'It reached a final state before the cancel was recorded. Final states never change.',
    'Read the result: the state that won is in `detail`.',
  ),
  'job-ended': kind(
    409,
    'The job has already ended',
    'It reached a final state before the cancel was recorded. Final states never change.',
    'Read the job: the state that won is in `detail`.',
  ),
  'version-in-use': kind(
    409,
    'The model version is in use',
    'The routing sends traffic to this version, so it cannot be retired.',
    'Route the traffic to another version first with PUT /v1/models/{name}/routing (`npx hindcast models promote`), or pause the model. To retire is final.',
  ),
  'rebuild-running': kind(
    409,
    'A rebuild is running',
    'One rebuild of a projection runs at a time. `detail` names the job.',
    'Wait until the running one has ended, or cancel it.',
  ),
  'no-previous-generation': kind(
    409,
    'There is nothing to go back to',
    'The projection has no generation before the live one: it was never rebuilt.',
    'GET /v1/projections shows the generations. To fold the view again from the log, start a rebuild.',
  ),
  'model-version-retired': kind(
    410,
    'The model version is retired',
    'The version takes no new predictions. What it predicted can still be read.',
    'Use another version, or the model name alone.',
  ),
  'routing-changed': kind(
    412,
    'The model has changed',
    'The If-Match header names a revision that is not the present one: somebody else changed the model.',
    'GET the model, decide again, and send its new ETag.',
  ),
  'body-too-large': kind(
    413,
    'The body is too large',
    'The request body exceeds the limit of this operation.',
    'Send less at once. `detail` names the limit in bytes.',
  ),
  'unsupported-media-type': kind(
    415,
    'The media type is not supported',
    'The Content-Type of the body is missing or is not one that this operation reads.',
    'Use a media type that `detail` lists.',
  ),
  'invalid-body': kind(
    422,
    'The body does not fit the schema',
    'The JSON is well formed, but a member is missing, unknown or of the wrong kind.',
    'Each entry of `errors` points at one such member.',
  ),
  'invalid-input': kind(
    422,
    'The input does not fit the model',
    "The input was compared with the signature of the model version: names, types and dimensions must fit. Other facts belong into 'context'.",
    'Each entry of `errors` points at one value. GET /v1/models/{name} shows an example that is accepted as it stands.',
  ),
  'idempotency-key-reused': kind(
    422,
    'The key belongs to another request',
    'A prediction was accepted under this idempotency key, or this id, with another body.',
    'Use a new key for a new request.',
  ),
  'too-many-matches': kind(
    422,
    'The label is about too many predictions',
    'More predictions have this referenceId, or are of this entity in this window, than one label may be given to, or than are looked through. It was given to none.',
    'Narrow the window or name the model, or send `match: "latest"` for the newest of them alone.',
  ),
  'too-many-labels-waiting': kind(
    409,
    'Too many labels wait here',
    'As many labels as may already wait for a prediction with this referenceId, or of this entity, and this one corrects none of them.',
    'GET /v1/labels?status=parked shows them. Check whether predictions carry this referenceId or entity at all.',
  ),
  'model-refused': kind(
    422,
    'The model file was refused',
    'The file is not an ONNX model that can be served here. `detail` names the reason and the way to mend it.',
    'Export the model again as `detail` says.',
  ),
  'trial-failed': kind(
    422,
    'The trial run failed',
    'The model loads, but running its own example failed, crashed or took too long.',
    'Run the model with the example of `detail` in onnxruntime; give metadata or a longer timeout if that is what it needs.',
  ),
  'invalid-routing': kind(
    422,
    'The routing is not possible',
    'It names a version that is not active, one version twice, or shares that leave nothing to the champion.',
    'Name active versions once each, with canary shares that sum to less than 1.',
  ),
  'rate-limited': kind(
    429,
    'Too many requests',
    'This address has sent as many requests as the operator allows in a minute. Nothing was done. Every answer says in its RateLimit header how many are left, and for how long.',
    'Repeat the request after Retry-After seconds. To predict many rows, send them as `items` of one request.',
  ),
  'precondition-required': kind(
    428,
    'The request must be conditional',
    'Changing the routing needs an If-Match header, so that two changes cannot undo each other unseen.',
    'GET the model and send its ETag in If-Match.',
  ),
  'headers-too-large': kind(
    431,
    'The headers are too large',
    'All headers and the request line together may have 16 KiB.',
    'Send shorter headers.',
  ),
  'internal-error': kind(
    500,
    'Something went wrong here',
    'An unexpected error. It was logged under the `traceId` of the answer.',
    'Repeat the request once; if it fails again, report the `traceId`.',
  ),
  'log-changed': kind(
    500,
    'The log was changed',
    'What the log holds is not what was signed, so that nothing can be proved there.',
    'Run `npx hindcast audit verify`: it names the place. Then restore the log from a copy.',
  ),
  'prediction-failed': kind(
    500,
    'The prediction failed',
    'It was accepted and has ended without an output.',
    'Read `detail` of the error; the prediction itself stays as it is, a new request may fare better.',
  ),
  'position-gone': kind(
    410,
    'The position is no longer in the log',
    'The log begins behind the position that the replay was asked to start from.',
    'Start at the first position that `detail` names, and know that what was before it is missing.',
  ),
  'deadline-exceeded': kind(
    504,
    'The deadline has passed',
    'The prediction had not ended within its deadline.',
    'Give it a longer deadline with Cancel-After, or find out why work waits.',
  ),
  ...unavailableProblems,
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problems, code);
