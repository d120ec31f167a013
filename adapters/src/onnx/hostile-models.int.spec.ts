import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ModelRuntime, Tensor } from '@hindcast/domain';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createOnnxRuntime } from './onnx-runtime.ts';

const pathOf = (name: string): string => fileURLToPath(new URL(`../../../tests/models/${name}.onnx`, import.meta.url));
const artifactPath = async (name: string) => pathOf(name);
const megabyte = 2 ** 20;
const rows = (...values: number[]): Tensor[] => [
  { name: 'x', datatype: 'float32', shape: [values.length, 1], data: Float32Array.from(values) },
];
const longs = (name: string, value: bigint): Tensor[] => [
  { name, datatype: 'int64', shape: [1, 1], data: BigInt64Array.of(value) },
];
const onLinux = process.platform === 'linux';

/** Processes whose parent is `parent`. */
const childrenOf = (parent: number): number[] =>
  readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
const isGone = (pid: number): boolean =>
  !existsSync(`/proc/${pid}/status`) || /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
/** Hundredths of a second of computing. */
const cpuOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[11]);

describe('hostile models', () => {
  const warn = vi.fn();
  let runtime: ModelRuntime;
  beforeAll(() => {
    const logger = { debug() {}, info() {}, warn, error() {} };
    runtime = createOnnxRuntime({
      artifactPath,
      children: 2,
      childMemoryBytesMax: 2 ** 30,
      loadTimeoutMs: 3_000,
      logger,
    });
  });
  afterAll(() => runtime.stop());
  const run = async (sha256: string, inputs: Tensor[], timeoutMs = 20_000) => {
    const outcome = await runtime.run({ sha256 }, inputs, { timeoutMs });
    return outcome.ok ? 'ok' : outcome.reason;
  };

  it('fail their own runs, again and again, and nobody else', async () => {
    for (let i = 0; i < 4; i++) {
      const both = await Promise.all([run('crash_on_positive', rows(1)), run('endless_loop', rows(1))]);
      expect(both).toEqual(['crashed', 'ok']);
    }
    expect(await run('crash_on_positive', rows(-1))).toBe('ok');
  });

  it('tell by which signal they died', async () => {
    const outcome = await runtime.run({ sha256: 'crash_on_positive' }, rows(1), { timeoutMs: 20_000 });
    expect(outcome).toMatchObject({ reason: 'crashed', detail: expect.stringMatching(/SIG[A-Z]+/) });
  });

  it('are killed when their time is over', async () => {
    expect(await run('endless_loop', rows(1))).toBe('ok');
    const startedAt = performance.now();
    expect(await run('endless_loop', rows(-1), 200)).toBe('timed_out');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    const told = [{ detail: 'it took more than 200 ms' }, 'An inference process was killed while it worked.'];
    expect(warn.mock.lastCall).toMatchObject(told);
  });

  it.runIf(onLinux)('get no more memory than they may have, and cost this process none', async () => {
    const before = process.memoryUsage.rss();
    expect(await run('huge_alloc', longs('bytes', 1_000_000n))).toBe('ok');
    expect(['rejected', 'crashed']).toContain(await run('huge_alloc', longs('bytes', 8_000_000_000n)));
    expect(['rejected', 'crashed', 'load_failed']).toContain(await run('huge_constant', rows(1)));
    expect(await run('huge_alloc', longs('bytes', 1_000n))).toBe('ok');
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * megabyte);
  });

  it.runIf(onLinux)('are told in words that they asked for too much', async () => {
    const outcome = await runtime.run({ sha256: 'huge_alloc' }, longs('bytes', 8_000_000_000n), { timeoutMs: 20_000 });
    const lead = 'The model asked for more memory than its process may take (1 GiB, HINDCAST_MODEL_MEMORY_BYTES): ';
    expect(outcome).toMatchObject({ reason: 'rejected', detail: expect.stringContaining(lead) });
    expect(outcome).toMatchObject({ detail: expect.not.stringMatching(/onnxruntime_src|\n$/) });
  });

  it('cannot take for ever to load', async () => {
    expect(await runtime.inspect(pathOf('function_bomb'))).toMatchObject({
      ok: false,
      refusal: { code: expect.stringMatching(/^load_(timed_out|crashed)$/) },
    });
  });
});

describe('memory for models', () => {
  it('is kept within its budget by replacing the child that holds them', async () => {
    const runtime = createOnnxRuntime({ artifactPath, children: 1, sessionsPerChildMax: 2 });
    const outcomes: boolean[] = [];
    const pids = new Set<number>();
    for (const model of ['endless_loop', 'nan', 'endless_loop', 'batch_mixing', 'endless_loop', 'nan']) {
      const outcome = await runtime.run({ sha256: model }, rows(1), { timeoutMs: 20_000 });
      outcomes.push(outcome.ok);
      if (onLinux) for (const pid of childrenOf(process.pid)) pids.add(pid);
    }
    expect(outcomes).toEqual(Array(6).fill(true));
    if (onLinux) expect(pids.size).toBeGreaterThanOrEqual(3);
    await runtime.stop();
  });
});

describe.runIf(onLinux)('inference processes', () => {
  const built = new URL('../../dist/onnx/index.js', import.meta.url).href;
  /** A process of its own that owns a runtime, and tells when its children work: one of them for ever. */
  const owner = async (andThen: string) => {
    const program = `
      const { createOnnxRuntime } = await import(${JSON.stringify(built)});
      const runtime = createOnnxRuntime({ children: 2, artifactPath: async () => ${JSON.stringify(pathOf('endless_loop'))} });
      const run = (x) => runtime.run({ sha256: 'm' },
        [{ name: 'x', datatype: 'float32', shape: [1, 1], data: Float32Array.of(x) }], { timeoutMs: 60000 });
      await Promise.all([run(1), run(1)]);
      void run(-1);
      console.log('working');
      ${andThen}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) if (line === 'working') break;
    const children = childrenOf(child.pid as number);
    const before = children.map(cpuOf);
    const computes = () => children.some((pid, i) => cpuOf(pid) > (before[i] ?? 0) + 10);
    await vi.waitUntil(computes, { timeout: 10_000, interval: 10 });
    return { child, children };
  };

  it('do not outlive a parent that is killed, not even one that never stops computing', async () => {
    const { child, children } = await owner('setInterval(() => {}, 1000);');
    expect(children).toHaveLength(2);
    child.kill('SIGKILL');
    await vi.waitUntil(() => children.every(isGone), { timeout: 10_000, interval: 20 });
  });

  it('do not outlive the runtime', async () => {
    const { child, children } = await owner("process.on('SIGTERM', () => runtime.stop());");
    expect(children).toHaveLength(2);
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const code = await exit;
    expect(code).toBe(0);
    expect(children.every(isGone)).toBe(true);
  });

  it('see nothing of the environment, and no files', async () => {
    const { child, children } = await owner('setInterval(() => {}, 1000);');
    try {
      for (const pid of children) {
        const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
          .split('\0')
          .filter(Boolean)
          .map((line) => line.split('=')[0]);
        expect(names.filter((name) => !name?.startsWith('NODE_CHANNEL'))).toEqual([]);
        expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max file size\s+0\s/);
      }
    } finally {
      child.kill('SIGKILL');
    }
  });
});
