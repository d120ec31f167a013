import { freePorts, startProgram, temporaryFolder } from '@hindcast/tests/measuring';

export interface PeerProcess {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether it answers; a process that listens to nobody is ready when it is started. */
  readonly ready?: () => Promise<boolean>;
}

export interface RunningProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

/** A process of a peer, in a folder of its own, that ends with this one. */
export const startPeerProcess = async ({ name, command, args, env, ready }: PeerProcess): Promise<RunningProcess> => {
  const instance = await startProgram({
    name,
    command,
    args,
    env: { ...process.env, ...env },
    folder: await temporaryFolder('peer'),
    ready: ready ?? (async () => true),
  });
  const pid = instance.pid();
  if (pid === undefined) throw new Error(`${name} has ended.`);
  return { pid, stop: instance.stop };
};

/** Of services that run on this machine: one that was given by its address, or is in a container, is not counted. */
export const pidsOf = (...services: readonly { pid(): number | undefined }[]): number[] =>
  services.flatMap((service) => service.pid() ?? []);

export const onePort = async (): Promise<number> => (await freePorts(1))[0] ?? 0;

/** Sends JSON and reads JSON. Rejects where the answer is none of success. */
export const postJson = async <Body>(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
};

/** Stops what was started, the last first, also where a start fails half way. */
export const startTogether = async <T>(
  start: (keep: <S extends { stop(): Promise<void> }>(started: S) => S) => Promise<T>,
): Promise<T & { stop(): Promise<void> }> => {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const started = await start((one) => {
      stops.push(one.stop);
      return one;
    });
    return { ...started, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
