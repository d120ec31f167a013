import type { Backlog } from '@hindcast/domain';

/** Where no worker runs in this process, nothing is known of the backlog. */
export const idleBacklog: Backlog = { expectedWaitMs: () => 0, open: () => 0 };
