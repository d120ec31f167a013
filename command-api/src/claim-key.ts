import { problem } from '@hindcast/adapters/http';
import { type Claim, claimMs } from '@hindcast/domain';
import type { CommandPorts } from './command-ports.ts';

/** Leaves an append the time to end, or to be given up after twenty seconds, before the claim does. */
const prepareMsMax = 0.3 * claimMs;

/** What one request has to do with the claim on its key. */
export interface KeyClaim {
  readonly claim: Claim;
  /** @throws Problem `claims-unavailable` where the claim may be over before the append is */
  beforeAppend(): void;
  /** false where another request may have been accepted under the key. */
  accept(accepted: string): Promise<boolean>;
  /** To be called where nothing is in the log, or the view knows it. Keeps what was accepted. */
  release(): Promise<void>;
  /** To be called where the request fails. */
  giveUp(): Promise<void>;
}

export const claimKey = async (
  { reservations, identity }: Pick<CommandPorts, 'reservations' | 'identity'>,
  key: string,
  hash: string,
): Promise<KeyClaim> => {
  const token = identity.newId();
  const claim = await reservations.reserve(key, token, hash);
  const since = performance.now();
  let mayBeInLog = false;
  let isKept = false;
  const release = async (): Promise<void> => {
    if (!claim.held && !isKept) await reservations.release(key, token);
  };

  return {
    claim,
    beforeAppend() {
      if (performance.now() - since > prepareMsMax) throw tooSlow();
      mayBeInLog = true;
    },
    async accept(accepted) {
      isKept = !claim.held && claim.sure && (await reservations.accept(key, token, accepted));
      return isKept;
    },
    release,
    // A log that does not answer may have the record: whoever comes next under this key cannot be sure to be the first.
    giveUp: () => (mayBeInLog ? reservations.doubt(key, token) : release()),
  };
};

const tooSlow = () =>
  problem(
    'claims-unavailable',
    'The request took too long to prepare: its key could not be held for certain until it is recorded.',
    { headers: { 'retry-after': '1' } },
  );
