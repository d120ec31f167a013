import { readFile } from 'node:fs/promises';
import type { HttpServer } from '@hindcast/adapters/http';
import { DEFAULT_TENANT, findVersion, type Logger, type ModelCatalog, type ModelRuntime } from '@hindcast/domain';
import type { StartSummary } from '../running-hindcast.ts';
import { sampleFile } from '../sample-file.ts';

/** Ready to be asked on a fresh machine; the first one is what the printed curl asks. */
const samples = ['churn', 'breast-cancer'] as const;

/** Registers the samples that the log does not know, through the same door as everybody's models. */
export const registerSamples = async (server: HttpServer, catalog: ModelCatalog, logger: Logger): Promise<void> => {
  await catalog.catchUp();
  for (const name of samples) {
    if (catalog.get(DEFAULT_TENANT, name)) continue;
    const answer = await server.inject({
      method: 'POST',
      url: `/v1/models/${name}/versions`,
      headers: { 'content-type': 'application/octet-stream' },
      payload: await readFile(sampleFile(name)),
    });
    if (answer.statusCode !== 201)
      logger.warn({ name, answer: answer.body }, 'A sample model could not be registered.');
  }
};

/** Loads the champion of every model that has its file ahead of its first prediction. */
export const readyModels = async (
  runtime: ModelRuntime,
  catalog: ModelCatalog,
  tenant: string,
  missing: StartSummary['missing'],
): Promise<Pick<StartSummary, 'models' | 'moreModels'>> => {
  const first = new Map(samples.map((name, at) => [name as string, at - samples.length]));
  const without = new Set(missing.map(({ name }) => name));
  const present = catalog.names(tenant).filter((name) => !without.has(name));
  const names = present.sort((a, b) => (first.get(a) ?? 0) - (first.get(b) ?? 0));
  const ready: StartSummary['models'][number][] = [];
  for (const name of names.slice(0, warmedMax)) {
    const model = catalog.get(tenant, name);
    const champion = model?.routing && findVersion(model, model.routing.champion);
    if (!champion) continue;
    const startedAt = performance.now();
    await runtime.warm(champion.sha256);
    ready.push({ name, version: champion.version, readyMs: performance.now() - startedAt, example: champion.example });
  }
  return { models: ready, moreModels: Math.max(0, names.length - warmedMax) };
};

/** More models than this are loaded when they are first asked. */
const warmedMax = 8;
