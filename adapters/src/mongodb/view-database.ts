import type { Clock, Logger, ViewDatabase } from '@hindcast/domain';
import type { MongoClient } from 'mongodb';
import { createMongoClient, majority } from './mongo-client.ts';
import { viewCheckpoints } from './view-checkpoints.ts';
import { labelsForm, modelForm, qualityForm, statsForm, statusForm } from './view-forms.ts';
import { openViewGenerations } from './view-generations.ts';
import { createMongoViewReader } from './view-reader.ts';
import { mongoViewStore } from './view-store.ts';

export interface MongoViewsOptions {
  /** `client` is shared with other parts of the process, who close it; one for `uri` is closed by `stop`. */
  readonly server: { readonly uri: string } | { readonly client: MongoClient };
  readonly database: string;
  readonly now: Clock;
  readonly logger?: Logger;
}

/**
 * Views in a MongoDB database: a collection for each view and generation. What `save` acknowledged is stored by the
 * majority. Rejects when the database cannot be reached, or is of another format.
 */
export const openMongoViews = async ({
  server,
  database,
  now,
  logger,
}: MongoViewsOptions): Promise<ViewDatabase & { stop(): Promise<void> }> => {
  const own = 'uri' in server ? createMongoClient(server.uri) : undefined;
  const client = 'uri' in server ? own : server.client;
  if (!client) throw new Error('There is neither a URI nor a client.');
  const db = client.db(database, majority);
  try {
    const checkpoints = viewCheckpoints(db);
    const generations = await openViewGenerations(db, now, logger);
    logger?.debug({ database }, 'The views are open.');
    return {
      reader: createMongoViewReader(db, generations, checkpoints),
      handOver: generations.handOver,
      generations: generations.generations,
      create: generations.create,
      promote: generations.promote,
      drop: generations.drop,
      statusStore(generation) {
        const { stamp } = generations.require('prediction-status', generation);
        return mongoViewStore(db, statusForm(generation), stamp, checkpoints);
      },
      statsStore(generation) {
        const { stamp } = generations.require('prediction-status', generation);
        return mongoViewStore(db, statsForm(generation), stamp, checkpoints);
      },
      qualityStore(generation) {
        const { stamp } = generations.require('prediction-status', generation);
        return mongoViewStore(db, qualityForm(generation), stamp, checkpoints);
      },
      labelsStore(generation) {
        const { stamp } = generations.require('prediction-status', generation);
        return mongoViewStore(db, labelsForm(generation), stamp, checkpoints);
      },
      modelStore(generation) {
        const { stamp } = generations.require('models', generation);
        return mongoViewStore(db, modelForm(generation), stamp, checkpoints);
      },
      stop: async () => own?.close(),
    };
  } catch (error) {
    await own?.close();
    throw error;
  }
};
