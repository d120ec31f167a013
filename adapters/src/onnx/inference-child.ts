import { readSync } from 'node:fs';
import { isMainThread, Worker } from 'node:worker_threads';

/**
 * The program of an inference child. A run blocks its main thread, so a second one waits for the parent's end of stdin
 * to close: when the parent is gone, however it went, the child is too.
 */
if (isMainThread) {
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches every process of the terminal: the parent drains first, and then ends its children itself.
  process.on('SIGINT', () => {});
  new Worker(new URL(import.meta.url), { execArgv: [] }).unref();
  const { serveInference } = await import('./serve-inference.ts');
  serveInference();
} else {
  try {
    while (readSync(0, Buffer.alloc(1)) > 0);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}
