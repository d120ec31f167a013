import type { Logger } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';

/** How long one check may take before it counts as failed. */
export const checkTimeoutMs = 2_000;

export interface ReadinessCheck {
  /** false: a failure degrades the server, but it goes on taking requests. */
  readonly required: boolean;
  /** Rejects, or takes longer than `checkTimeoutMs`, where the part does not work. */
  readonly check: () => Promise<unknown>;
}

export interface Readiness {
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  /** true until everything is there that requests ask for: they are answered, but better come later. */
  readonly starting?: () => boolean;
  /** true from the moment the process was asked to end: no new requests should come. */
  readonly draining?: () => boolean;
}

export const readinessSchema = Type.Object({
  status: Type.Union(
    ['ready', 'degraded', 'unready', 'starting', 'draining'].map((status) => Type.Literal(status)),
    { description: 'degraded still takes requests' },
  ),
  checks: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({ status: Type.Union([Type.Literal('up'), Type.Literal('down')]), required: Type.Boolean() }),
    ),
  ),
});

interface CheckResult {
  readonly status: 'up' | 'down';
  readonly required: boolean;
}

/** What failed is logged, never shown: its text may name hosts and paths. */
export const checkReadiness = async ({ checks, starting, draining }: Readiness, logger: Logger | undefined) => {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, { required, check }]): Promise<[string, CheckResult]> => {
      try {
        await withinTime(check());
        return [name, { status: 'up', required }];
      } catch (error) {
        logger?.warn({ err: error, check: name }, 'A readiness check failed.');
        return [name, { status: 'down', required }];
      }
    }),
  );
  const down = entries.filter(([, { status }]) => status === 'down');
  const unready = down.some(([, { required }]) => required);
  const phase = draining?.() ? 'draining' : starting?.() ? 'starting' : undefined;
  const status = phase ?? (unready ? 'unready' : down.length > 0 ? 'degraded' : 'ready');
  return { ok: status === 'ready' || status === 'degraded', status, checks: Object.fromEntries(entries) };
};

const withinTime = async (checking: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The check took longer than ${checkTimeoutMs} ms.`)), checkTimeoutMs);
  });
  try {
    await Promise.race([checking, late]);
  } finally {
    clearTimeout(timer);
  }
};
