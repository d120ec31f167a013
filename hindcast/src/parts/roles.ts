/**
 * What a process can do. In an embedded run one process does everything.
 * `projector` also keeps deadlines, so that everything ends whether or not a worker lives.
 */
export const ROLES = ['command-api', 'query-api', 'worker', 'projector'] as const;
export type Role = (typeof ROLES)[number];
