import { fileURLToPath } from 'node:url';
import { defaultConfig, startEmbedded } from 'hindcast';
import { pino } from 'pino';
import { describe, it } from 'vitest';
import { PythonMissing, pythonWithClients, runPython } from './python-client.ts';

const samples = fileURLToPath(new URL('../../samples/', import.meta.url));
const testMsMax = 600_000;

const pythonOrSkip = async (skip: (note: string) => never): Promise<string> => {
  try {
    return await pythonWithClients();
  } catch (error) {
    if (!(error instanceof PythonMissing) || process.env['CI'] === 'true') throw error;
    console.warn(`NOT TESTED: Triton's Python client against the Open Inference Protocol. ${error.message}`);
    return skip('no Python with tritonclient');
  }
};

describe('the Open Inference Protocol', () => {
  it(
    "is understood by Triton's Python client as it comes",
    async ({ skip, expect }) => {
      const python = await pythonOrSkip(skip);
      const server = await startEmbedded(
        { ...defaultConfig, port: 0, memory: true, children: 1 },
        pino({ level: 'warn' }),
      );
      try {
        const printed = await runPython(python, 'tritonclient_check.py', new URL(server.url).host, samples);
        expect(printed).toMatch(/^[1-9]\d* checks passed\n$/);
      } finally {
        await server.stop();
      }
    },
    testMsMax,
  );
});
