import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Role } from 'hindcast';
import { waitUntil } from '../../services/wait-until.ts';
import type { Cluster } from '../cluster.ts';
import { type HindcastProcess, launcher } from '../hindcast-process.ts';
import type { Trouble } from './evidence.ts';
import { acceptedRows, type History, type Row } from './history.ts';
import { settle } from './workload.ts';

const programs = new URL('../../dist/distributed/programs/', import.meta.url);
const program = (name: string) => fileURLToPath(new URL(name, programs));

/** So many predictions reach nearly every partition. */
const probeRows = 36;
const recoveryMsMax = 120_000;
const faultMsMax = 120_000;
const outputCharsMax = 4_000;

export interface Survived extends Trouble {
  /** From the end of the harm until work that came after it was accepted and done. */
  readonly recoveryMs: number;
}

/** Breaks one thing after another, and sees each time that work goes on. */
export interface Nemesis {
  readonly troubles: readonly Survived[];
  during(fault: string, harm: () => Promise<unknown>): Promise<void>;
  /** Resolves when new work, in nearly every partition, was accepted and has ended. */
  workGoesOn(): Promise<void>;
}

export const createNemesis = (history: History, cluster: Cluster): Nemesis => {
  const troubles: Survived[] = [];
  let probes = 0;

  const workGoesOn = async (): Promise<void> => {
    const reference = `probe-${probes++}`;
    const inputs = Array.from({ length: probeRows }, (_, at): Row => [at, probes, 0, 0]);
    const accepted = await settle(history, { kind: 'batch', reference, inputs, key: reference });
    const end = history.now() + recoveryMsMax;
    await Promise.all(
      acceptedRows(accepted).map(async ({ id }) => {
        for (;;) {
          const { status, body } = await history.ask({ kind: 'read', id, waits: true });
          if (status === 200 && body['status'] !== 'queued' && body['status'] !== 'running') return;
          if (history.now() > end) throw new Error(`${id} is ${status}, long after the fault: ${JSON.stringify(body)}`);
        }
      }),
    );
  };

  return {
    troubles,
    workGoesOn,
    async during(fault, harm) {
      const trouble = { fault, from: history.now(), until: Number.POSITIVE_INFINITY, recoveryMs: Number.NaN };
      troubles.push(trouble);
      const harmedAt = async () => {
        await harm();
        const harmed = history.now();
        await workGoesOn();
        return harmed;
      };
      const harmed = await harmedAt().catch((error: unknown) => {
        throw new Error(`Not survived: ${fault}. ${String(error)}\n${cluster.said()}`, { cause: error });
      });
      trouble.until = history.now();
      trouble.recoveryMs = trouble.until - harmed;
      const [harming, recovery] = [harmed - trouble.from, trouble.recoveryMs].map((ms) => (ms / 1_000).toFixed(1));
      console.log(`${fault}: ${harming} s of harm, work goes on after ${recovery} s`);
    },
  };
};

/** One more process of the cluster, spoiled as `programs/spoiled-ports.ts` has it. */
export const startSpoiled = (cluster: Cluster, role: Role, fault: string): Promise<HindcastProcess> =>
  cluster.start(role, { TEST_FAULT: fault }, [program('faulty-process.js')]);

/** Lets a spoiled process die of its fault at the next occasion. */
export const die = async (cluster: Cluster, doomed: HindcastProcess): Promise<void> => {
  let dead = false;
  void doomed.exited.then(() => {
    dead = true;
  });
  await arm(doomed, () => dead);
  cluster.forget(doomed);
};

const statOf = (pid: number) => readFile(`/proc/${pid}/stat`, 'utf8');

/** Lets a spoiled process stop, still alive, at the next occasion. */
export const freeze = (spoiled: HindcastProcess): Promise<void> =>
  arm(spoiled, async () => / T /.test(await statOf(spoiled.pid)));

const arm = async (spoiled: HindcastProcess, happened: () => Promise<boolean> | boolean): Promise<void> => {
  process.kill(spoiled.pid, 'SIGUSR2');
  await waitUntil('a spoiled process comes to its fault', faultMsMax, happened).catch((error: unknown) => {
    throw new Error(`It said: ${spoiled.output().slice(-outputCharsMax)}`, { cause: error });
  });
};

/** A process that reaches the broker at port `from` through a proxy at port `to`. */
export const startBehindProxy = (cluster: Cluster, role: Role, from: number, to: number): Promise<HindcastProcess> =>
  cluster.start(role, { TEST_REDIRECT: `${from}>${to}` }, ['--import', program('redirect-connections.js'), launcher]);
