import { jobPath, jobStatusSchema } from '@hindcast/adapters/http';
import type { JobDoc } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import type { CommandContext } from './command-ports.ts';

/** Answer to a request for long work that is told of at a place of its own. */
export const begunSchema = Type.Object(
  {
    id: Type.String({ description: 'Of the job, too' }),
    status: jobStatusSchema,
    links: Type.Object({ self: Type.String(), job: Type.String() }),
  },
  { description: 'Begun, or known from an earlier request for the same' },
);

export const sendBegun = (reply: FastifyReply, { id, state }: JobDoc, places: string) => {
  const self = `${places}/${encodeURIComponent(id)}`;
  return reply
    .code(202)
    .header('location', self)
    .send({ id, status: state.status, links: { self, job: jobPath(id) } });
};

/** Whoever names an end can repeat the request, and gets the same job; else each is another one. */
export const idOf = ({ ports }: Pick<CommandContext, 'ports'>, { to }: { readonly to?: string | undefined }) =>
  to === undefined ? { id: ports.identity.newId() } : {};
