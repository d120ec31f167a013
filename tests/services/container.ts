import type { Network, StartedNetwork } from 'testcontainers';
import type { Instance } from './instance.ts';
import { waitUntil } from './wait-until.ts';

const startTimeoutMs = 180_000;
const engineTimeoutMs = 10_000;

export interface ContainerProgram {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The same number inside and outside, so that a service may tell its clients the address it listens on. */
  readonly port: number;
  readonly network?: { readonly of: StartedNetwork; readonly alias: string };
  ready(): Promise<boolean>;
}

/** What starts containers here; undefined where no Docker engine answers. Loaded only when asked for: it is large. */
export const findContainerEngine = async () => {
  const testcontainers = await import('testcontainers');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), engineTimeoutMs);
  });
  const client = await Promise.race([testcontainers.getContainerRuntimeClient().catch(() => undefined), late]);
  clearTimeout(timer);
  if (!client) return undefined;

  return {
    network: (): ReturnType<Network['start']> => new testcontainers.Network().start(),

    async start({ name, image, command, env = {}, port, network, ready }: ContainerProgram): Promise<Instance> {
      const definition = new testcontainers.GenericContainer(image)
        .withEnvironment(env)
        .withExposedPorts({ container: port, host: port })
        .withStartupTimeout(startTimeoutMs);
      if (command) definition.withCommand([...command]);
      if (network) definition.withNetwork(network.of).withNetworkAliases(network.alias);
      const container = await definition.start();
      const raw = client.container.getById(container.getId());
      const answers = () => waitUntil(`${name} answers`, startTimeoutMs, ready);
      const isRunning = async () => (await raw.inspect()).State.Running;
      const kill = async () => {
        if (await isRunning()) await raw.kill();
        await waitUntil(`${name} is gone`, engineTimeoutMs, async () => !(await isRunning()));
      };
      try {
        await answers();
      } catch (error) {
        await container.stop();
        throw error;
      }
      return {
        pid: () => undefined,
        kill,
        async restart() {
          await kill();
          await raw.start();
          await answers();
        },
        async freeze() {
          await raw.pause();
        },
        async thaw() {
          await raw.unpause();
        },
        async stop() {
          await container.stop();
        },
      };
    },
  };
};
export type ContainerEngine = NonNullable<Awaited<ReturnType<typeof findContainerEngine>>>;
