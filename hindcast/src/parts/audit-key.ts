import { join, resolve } from 'node:path';
import { makeSigningKey, openSigningKey, signingKeyOfPem } from '@hindcast/adapters/node';
import type { Logger, SigningKey } from '@hindcast/domain';
import { isDistributed } from '../config.ts';
import type { Config } from '../settings.ts';

/** Of a data folder. Whoever has it can sign in the name of this log. */
const auditKeyFileName = 'audit-key.pem';

/** The key to sign checkpoints with, undefined where nothing shall be signed here, or nobody has said with what. */
export const openAuditKey = async (config: Config, logger: Logger): Promise<SigningKey | undefined> => {
  if (!config.audit) return undefined;
  if (config.auditKey !== undefined) return signingKeyOfPem(config.auditKey);
  if (isDistributed(config)) {
    logger.warn({}, 'Nothing is signed: HINDCAST_AUDIT_KEY is not set. Changes to the log will not be found.');
    return undefined;
  }
  return config.memory ? makeSigningKey() : openSigningKey(join(resolve(config.data), auditKeyFileName));
};
