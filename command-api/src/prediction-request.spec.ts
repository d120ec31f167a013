import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from './testing/command-world.ts';

const body = { model: 'churn', input: churnInput };
let world: CommandWorld;
const post = (payload: object) => world.send('POST', '/v1/predictions', payload);

beforeEach(async () => {
  world = await createCommandWorld();
  await world.haveModel();
});
afterEach(() => world.close());

describe('a prediction request', () => {
  it('with a mistyped member is told which there are, which was meant, and what is missing', async () => {
    const answer = (await post({ model: 'churn', inputs: {} })).json();
    const known = 'Known: model, input, items, entity, referenceId, eventTime, context, priority.';
    const unknown = `This member is not known here. Did you mean input? ${known}`;
    expect(answer).toMatchObject({
      detail: `/inputs: ${unknown} (and 1 more)`,
      errors: [
        { pointer: '/inputs', detail: unknown },
        { pointer: '/input', detail: 'One of input and items must be given.' },
      ],
    });
    expect((await post({ ...body, foo: 1 })).json().errors).toHaveLength(1);
  });

  it.each([
    [{ ...body, deadlineMs: 5 }, 'Cancel-After'],
    [{ model: 'churn', items: [{ input: churnInput, deadlineMs: 5 }] }, 'Cancel-After'],
    [{ ...body, idempotencyKey: 'k' }, 'Idempotency-Key'],
  ])('with a member that is a header is told which one', async (payload, name) => {
    expect((await post(payload)).json().errors[0].detail).toContain(`is its header ${name}`);
  });
});
