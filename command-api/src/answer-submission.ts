import {
  heldByPause,
  isKnown,
  Problem,
  problemBody,
  shownPrediction,
  tagPrediction,
  wholePredictionBody,
} from '@hindcast/adapters/http';
import { parsePosition } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import type { CommandContext } from './command-ports.ts';
import { type Receipt, receiptSchema } from './prediction-receipt.ts';
import type { ManySubmitted } from './submit-many.ts';
import type { Submitted } from './submit-prediction.ts';

/** Answers 202 with the receipt, or 201 with the whole result, as a GET shows it, where there is one. */
export const answerSubmitted = (
  context: CommandContext,
  reply: FastifyReply,
  submitted: Submitted,
  waitSeconds: number | undefined,
) => {
  const { receipt, position, ended } = submitted;
  if (ended && isKnown(ended)) {
    const shown = shownPrediction(ended);
    const body = wholePredictionBody(context.ports.artifacts, shown);
    const send = (whole: Awaited<typeof body>) => {
      tagPrediction(tagged(reply, submitted, waitSeconds).code(201), ended, shown);
      return reply.header('content-location', receipt.links.self).send(whole);
    };
    return body instanceof Promise ? body.then(send) : send(body);
  }
  tagged(reply, submitted, waitSeconds).header('etag', `"${position}"`).header('hindcast-position', position);
  return reply.code(202).header('retry-after', '1').send(shownReceipt(context, receipt));
};

/** A pause comes and goes without a word in the log of the prediction: it is looked up when the receipt is shown. */
const shownReceipt = ({ ports, tenant }: CommandContext, receipt: Receipt) =>
  receipt.status === 'queued' && ports.catalog.get(tenant, receipt.model)?.paused
    ? { ...receipt, ...heldByPause }
    : receipt;

const tagged = (
  reply: FastifyReply,
  { receipt, replayed }: Submitted,
  waitSeconds: number | undefined,
): FastifyReply => {
  reply.header('location', receipt.links.self);
  if (replayed) reply.header('idempotency-replayed', 'true');
  if (waitSeconds !== undefined) reply.header('preference-applied', `wait=${waitSeconds}`);
  return reply;
};

const itemSchema = Type.Union([
  receiptSchema,
  Type.Object({ status: Type.Literal('refused'), problem: Type.Unsafe({ $ref: 'Problem#' }) }),
]);

export const manyReceiptSchema = Type.Object(
  {
    batchId: Type.String(),
    accepted: Type.Integer(),
    refused: Type.Integer(),
    items: Type.Array(itemSchema, { description: 'In the order of the request' }),
    links: Type.Object({ predictions: Type.String() }),
  },
  { description: 'Accepted, and durable: an outcome for each item' },
);

/** Answers 202 where at least one item was accepted; the first refusal, with those of all items, where none was. */
export const answerMany = (
  context: CommandContext,
  reply: FastifyReply,
  { batchId, replayed, outcomes }: ManySubmitted,
) => {
  const refusals = outcomes.filter((outcome) => outcome instanceof Problem);
  const first = refusals[0];
  if (first && refusals.length === outcomes.length) {
    throw new Problem(first.code, first.detail, { errors: refusals.flatMap(({ errors }) => errors ?? []) });
  }
  const predictions = `/v1/predictions?batchId=${batchId}`;
  if (replayed) reply.header('idempotency-replayed', 'true');
  reply.header('location', predictions).header('retry-after', '1');
  reply.header('hindcast-position', positionVector(outcomes));
  return reply.code(202).send({
    batchId,
    accepted: outcomes.length - refusals.length,
    refused: refusals.length,
    items: outcomes.map((outcome) =>
      outcome instanceof Problem
        ? { status: 'refused', problem: problemBody(outcome) }
        : shownReceipt(context, outcome.receipt),
    ),
    links: { predictions },
  });
};

/** The last position in each partition: whoever has seen these has seen every item. */
const positionVector = (outcomes: ManySubmitted['outcomes']): string => {
  const last = new Map<string, number>();
  for (const outcome of outcomes) {
    const at = outcome instanceof Problem ? undefined : parsePosition(outcome.position);
    if (!at) continue;
    const partition = `${at.epoch}:${at.partition}`;
    last.set(partition, Math.max(last.get(partition) ?? 0, at.offset));
  }
  return [...last].map(([partition, offset]) => `${partition}:${offset}`).join(', ');
};
