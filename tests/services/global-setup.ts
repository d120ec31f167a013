import type { TestProject } from 'vitest/node';
import { type AllServices, type ServiceAddresses, startAllServices } from './start-all.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** undefined for a service that is not to be had here; with CI=true the run ends before any test would see that. */
    services: ServiceAddresses;
  }
}

const startLoudly = async (): Promise<AllServices> => {
  const all = await startAllServices();
  for (const line of all.report) console.log(`services: ${line}`);
  if (all.missing.length === 0) return all;
  const message = `NOT TESTED on this machine:\n${all.missing.join('\n')}`;
  if (process.env['CI'] === 'true') {
    await all.stop();
    throw new Error(message);
  }
  console.error(`\n${message}\n`);
  return all;
};

/** Starts each service once for the run and tells the tests where: `inject('services')`. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const { addresses, stop } = await startLoudly();
  project.provide('services', addresses);
  return stop;
};
