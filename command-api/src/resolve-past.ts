import { problem } from '@hindcast/adapters/http';
import { type ModelReference, missingModel, parseModelReference } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';
import { catchUp, resolveModel } from './resolve-model.ts';

/**
 * A model whose past a request is about. It need not be registered where the log has imported predictions of it; of such a
 * model any version may have answered.
 * @throws Problem `unknown-model`, `unknown-model-version`, `catalog-behind`
 */
export const resolvePast = async (context: CommandContext, reference: string): Promise<ModelReference> => {
  const { ports, tenant } = context;
  const named = parseModelReference(reference) ?? { model: reference };
  await catchUp(context);
  if (ports.catalog.get(tenant, named.model)) {
    await resolveModel(context, reference);
  } else {
    const missing = await missingModel(ports.log, ports.catalog, { model: named.model, tenant });
    if (missing !== undefined) throw problem('unknown-model', missing);
  }
  return named;
};
