import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { isMainThread } from 'node:worker_threads';

/** Loaded before the program that is profiled: a first SIGIO, which ends no program, begins; a second one ends and writes the file. */
const { PROFILE_KIND: kind, PROFILE_FILE: file = '' } = process.env;

const allBytes = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
const samplingBytes = 16_384;
const samplingUs = 200;

const begin = async (session: Session): Promise<void> => {
  session.connect();
  if (kind === 'heap') {
    await session.post('HeapProfiler.startSampling', { samplingInterval: samplingBytes, ...allBytes });
    return;
  }
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: samplingUs });
  await session.post('Profiler.start');
};

const end = async (session: Session): Promise<unknown> =>
  kind === 'heap' ? session.post('HeapProfiler.stopSampling') : session.post('Profiler.stop');

if (isMainThread) {
  const session = new Session();
  process.once('SIGIO', () => {
    process.once('SIGIO', () => {
      void end(session).then((profile) => writeFile(file, JSON.stringify(profile)));
    });
    void begin(session);
  });
}
