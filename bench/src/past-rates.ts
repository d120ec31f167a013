import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { VerificationReport } from '@hindcast/domain';
import { parseLoop } from './parse-loop.ts';
import type { Row } from './results.ts';

const launcher = fileURLToPath(new URL('../../hindcast/bin/hindcast.js', import.meta.url));
const run = promisify(execFile);
const outputBytesMax = 16 * 1_048_576;

/** A verification of the whole folder, and a loop that only parses the same records, each in a process of its own. */
export const ratesRound = async (folder: string): Promise<readonly Row[]> => {
  const { readMs, parseMs } = await parseLoop(folder);
  const args = ['verify', '--data', folder, '--rate', '999999', '--json'];
  const verified = await run(process.execPath, [launcher, ...args], { maxBuffer: outputBytesMax });
  const { report } = JSON.parse(verified.stdout) as { readonly report: VerificationReport };
  const { timings } = report;
  const totalMs = timings.readMs + timings.runMs + timings.compareMs + timings.pausedMs;
  const perSecond = (ms: number): number => (report.verified / ms) * 1_000;
  const share = (ms: number): number => (100 * ms) / totalMs;
  return [
    { measure: 'a loop that only reads the records', value: perSecond(readMs), unit: 'predictions/s' },
    { measure: 'a loop that reads them and parses each', value: perSecond(parseMs), unit: 'predictions/s' },
    { measure: 'verification', value: perSecond(totalMs), unit: 'predictions/s' },
    { measure: 'verification, time by that of the parsing loop', value: totalMs / parseMs, unit: '×' },
    { measure: 'its time: reading and parsing', value: share(timings.readMs), unit: '%' },
    { measure: 'its time: waiting for the model', value: share(timings.runMs), unit: '%' },
    { measure: 'its time: hashing and comparing', value: share(timings.compareMs), unit: '%' },
    { measure: 'its time: held back', value: share(timings.pausedMs), unit: '%' },
  ];
};
