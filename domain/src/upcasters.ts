import type { DomainEvent } from './domain-events.ts';

/**
 * Changes an event's data from version n to n + 1. Key: `<type>:<n>`. A log is never rewritten: what was stored under
 * an old schema is lifted here, once, and nothing behind `decode` knows that it was ever different. Each entry keeps a
 * golden fixture of the old form beside it.
 */
const upcasters: Readonly<Record<string, (data: never) => object>> = {};

export const upcast = (event: DomainEvent, version: number, steps = upcasters): DomainEvent => {
  let data: object = event.data;
  let at = version;
  for (let step = steps[`${event.type}:${at}`]; step; step = steps[`${event.type}:${at}`]) {
    data = step(data as never);
    at += 1;
  }
  if (at === version) return event;
  return { ...event, dataschema: `urn:hindcast:schema:${event.type}:${at}`, data } as DomainEvent;
};
