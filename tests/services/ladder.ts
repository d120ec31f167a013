/** How a service was come by, for people to read. */
export interface Found {
  readonly way: string;
}

/** One way to come by a service. */
export interface Rung<T> {
  readonly way: string;
  climb(): Promise<{ readonly because: string } | { readonly service: T; readonly detail: string }>;
  /** A service that was named must work: no other is taken in its place. */
  readonly mustWork?: boolean;
}

/** No way led to the service. The message says of each of them why. */
export class ServiceMissing extends Error {
  constructor(name: string, reasons: readonly string[]) {
    super(`${name} is not to be had.\n${reasons.map((reason) => `  - ${reason}`).join('\n')}`);
    this.name = 'ServiceMissing';
  }
}

/** The service by the first way that works. */
export const climb = async <T extends object>(name: string, rungs: readonly Rung<T>[]): Promise<T & Found> => {
  const reasons: string[] = [];
  for (const { way, climb: attempt, mustWork } of rungs) {
    try {
      const outcome = await attempt();
      if ('service' in outcome) return { ...outcome.service, way: `${way} (${outcome.detail})` };
      reasons.push(`${way}: ${outcome.because}`);
    } catch (error) {
      if (mustWork) throw error;
      reasons.push(`${way}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new ServiceMissing(name, reasons);
};
