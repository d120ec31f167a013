import { type ArtifactStore, findVersion, type ModelCatalog } from '@hindcast/domain';
import type { StartSummary } from '../running-hindcast.ts';

/** Models beyond this are not looked at: each costs a look into the folder. */
const lookedAtMax = 1_000;

type Catalog = Pick<ModelCatalog, 'get' | 'names'>;
type Files = Pick<ArtifactStore, 'has'>;

/** Champions that nobody can run, since the folder no longer has their file. */
export const championsWithoutFile = async (
  catalog: Catalog,
  files: Files,
  tenant: string,
): Promise<StartSummary['missing']> => {
  const looked = catalog
    .names(tenant)
    .slice(0, lookedAtMax)
    .map(async (name) => {
      const model = catalog.get(tenant, name);
      const champion = model?.routing && findVersion(model, model.routing.champion);
      if (!champion || (await files.has(champion.sha256))) return [];
      return [{ name, version: champion.version }];
    });
  return (await Promise.all(looked)).flat();
};

/** Rejects with what is missing, as a check of readiness does. */
export const checkChampions = async (catalog: Catalog, files: Files, tenant: string): Promise<void> => {
  const missing = await championsWithoutFile(catalog, files, tenant);
  if (missing.length === 0) return;
  const names = missing.slice(0, namesShownMax).map(({ name, version }) => `${name}@${version}`);
  throw new Error(`The files of ${missing.length} models are missing: ${names.join(', ')}`);
};

const namesShownMax = 10;

/** Why predictions of a version wait, as far as this process can tell. */
export const heldBy =
  (catalog: Catalog, files: Files) =>
  async (asked: { tenant: string; model: string; version: number; sha256: string }): Promise<string | undefined> => {
    const { tenant, model, version, sha256 } = asked;
    if (catalog.get(tenant, model)?.paused) return `The model ${model} is paused: resume it.`;
    if (await files.has(sha256)) return undefined;
    return `The file of ${model}@${version} is missing, so that nobody can run it: register the same file again.`;
  };
