import type { TSchema } from '@sinclair/typebox';
import { type AuditCheckpointSigned, auditCheckpointSignedData } from './audit-events.ts';
import { type JobEvent, jobEventData } from './job-events.ts';
import { type LogOpened, logOpenedData } from './log-opened.ts';
import { type ModelEvent, modelEventData } from './model-events.ts';
import { type PredictionEvent, predictionEventData } from './prediction-events.ts';

export type DomainEvent = PredictionEvent | ModelEvent | JobEvent | AuditCheckpointSigned | LogOpened;
export type EventType = DomainEvent['type'];

/** The schema of each event's data, by type. */
export const eventData: Readonly<Record<EventType, TSchema>> = {
  LogOpened: logOpenedData,
  ...predictionEventData,
  ...modelEventData,
  ...jobEventData,
  AuditCheckpointSigned: auditCheckpointSignedData,
};

/** The newest version of each schema that is not at its first. Additive changes keep the version. */
export const schemaVersions: Readonly<Partial<Record<EventType, number>>> = {};
