import type { ServerResponse } from 'node:http';
import { problem } from '@hindcast/adapters/http';
import { type ModelReference, missingModel, parseModelReference } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';
import { catchUp, resolveModel } from './resolve-model.ts';

/**
 * A model whose past a request is about. It need not be registered where the log has imported predictions of it; of such a
 * model any version may have answered.
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
  if (ports.catalog.get(tenant, named.model)) {
    await resolveModel(context, reference);
  } else {
    const open = waits.of(response);
    try {
      const asked = { model: named.model, tenant, signal: open.signal() };
      const missing = await missingModel(ports.log, ports.catalog, asked);
      if (missing !== undefined) throw problem('unknown-model', missing);
    } finally {
      open.release();
    }
  }
  return named;
};
