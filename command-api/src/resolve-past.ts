import type { ServerResponse } from 'node:http';
import { problem } from '@hindcast/adapters/http';
import { findVersion, type ModelReference, missingModel, parseModelReference } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';
import { catchUp } from './resolve-model.ts';

/**
 * A model whose past a request is about. Neither it nor its version need be registered where the log has imported predictions
 * of it; of a model that is not registered at all any version may have answered.
 * The log is read for it no longer than the client waits.
 * @throws Problem `unknown-model`, `unknown-model-version`, `catalog-behind`, `too-many-waiting`
 */
export const resolvePast = async (
  context: CommandContext,
  reference: string,
  response: ServerResponse,
): Promise<ModelReference> => {
  const { ports, tenant, waits } = context;
  const named = parseModelReference(reference) ?? { model: reference };
  await catchUp(context);
  const known = ports.catalog.get(tenant, named.model);
  if (known && (named.version === undefined || findVersion(known, named.version))) return named;
  const open = waits.of(response);
  try {
    const missing = await missingModel(ports.log, ports.catalog, { ...named, tenant, signal: open.signal() });
    if (missing === undefined) return named;
    throw problem(known ? 'unknown-model-version' : 'unknown-model', missing);
  } finally {
    open.release();
  }
};
