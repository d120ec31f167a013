import { inSample, keyOf, type Sha256, type VerificationSpec } from '@hindcast/domain';

/** Keys of a tenant, or of a sample of its predictions: the same sample that a data set with this share and salt has. */
export const wantedKeys = (
  sha256: Sha256,
  tenant: string,
  asked: VerificationSpec['sample'],
): ((key: string) => boolean) => {
  const start = keyOf(tenant, '');
  if (!asked) return (key) => key.startsWith(start);
  const sample = { fraction: asked.share, salt: asked.salt, group: 'prediction' } as const;
  return (key) => {
    if (!key.startsWith(start)) return false;
    const row = { predictionId: key.slice(start.length), entity: undefined, madeAt: 0 };
    return inSample({ sample }, row, sha256);
  };
};
