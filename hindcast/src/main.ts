import { availableParallelism } from 'node:os';
import { runCli } from './cli.ts';
import { EXIT } from './cli-failure.ts';
import { isFolderLocked } from './folder-lock.ts';
import { version } from './version.ts';

// `npx hindcast replay | head` closes the pipe early, which is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
);

const code = await runCli(process.argv.slice(2), {
  version,
  cores: availableParallelism(),
  terminal: {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: Date.now,
  },
  loadStart: async () => (await import('./start-hindcast.ts')).startHindcast,
  openLog: async (folder) => (await import('@hindcast/adapters/sqlite')).openSqliteLogReader(folder),
  isLocked: isFolderLocked,
});
// A start that failed halfway may have left handles behind that would keep the process alive.
if (code !== EXIT.ok) process.exit(code);
