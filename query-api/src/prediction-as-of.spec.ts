import { formatPosition, type Position } from '@hindcast/domain';
import {
  aPredictionAttemptStarted,
  aPredictionFailed,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type QueryWorld, queryWorld } from './testing/query-world.ts';

let world: QueryWorld;
beforeEach(async () => {
  world = await queryWorld();
});
afterEach(() => world.close());

const at = (position: Position | string, more = '') =>
  world.get(`/v1/predictions/p-1?asOf=${typeof position === 'string' ? position : formatPosition(position)}${more}`);
const behind = (position: Position, by: number): Position => ({ ...position, offset: position.offset + by });

describe('a prediction as of a position', () => {
  it('is what was told when that was the newest', async () => {
    const told: { readonly position: Position; readonly body: object }[] = [];
    const events = [
      aPredictionRequested(),
      aPredictionAttemptStarted(),
      aPredictionRequested({ eventId: 'request-2' }),
      aPredictionLabeled({ eventId: 'l-1', value: 1 }),
      aPredictionSucceeded(),
      aPredictionFailed({ eventId: 'late' }),
      aPredictionLabeled({ eventId: 'l-2', value: 2 }),
    ];
    for (const event of events) {
      const position = await world.append(event);
      await world.fold();
      told.push({ position, body: (await world.get('/v1/predictions/p-1?include=labels')).json() });
    }
    for (const { position, body } of told) {
      const answer = await at(position, '&include=labels');
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toEqual(body);
    }
    expect((await at(told[4]?.position as Position)).json()).toMatchObject({ status: 'succeeded' });
  });

  it('was not there before it was accepted', async () => {
    const before = await world.append(aPredictionLabeled({ eventId: 'l-1' }));
    const accepted = await world.append(aPredictionRequested());
    await world.fold();
    expect((await at(before)).json()).toMatchObject({ status: 404, type: '/problems/unknown-prediction' });
    expect((await at(accepted)).json()).toMatchObject({ status: 'queued' });
  });

  it('takes the position of its own partition from a list, and none of another log', async () => {
    const accepted = await world.append(aPredictionRequested());
    await world.append(aPredictionSucceeded());
    await world.fold();
    const other = { ...accepted, partition: (accepted.partition + 1) % 4, offset: 0 };
    expect((await at(`${formatPosition(other)},${formatPosition(accepted)}`)).json()).toMatchObject({
      status: 'queued',
    });
    for (const wrong of [other, behind(accepted, 9), { ...accepted, epoch: 1 }, 'now']) {
      expect((await at(wrong)).json()).toMatchObject({
        type: '/problems/invalid-parameter',
        errors: [{ pointer: 'asOf' }],
      });
    }
  });
});
