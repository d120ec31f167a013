// Runs every shell block of the README, in order, as if pasted into a terminal beside a fresh server. A request that is
// answered with an error fails, as does a command that ends with anything but 0. Ends in `N passed, N failed`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const addressInReadme = 'http://127.0.0.1:8080';
const startMsMax = 60_000;
const runMsMax = 180_000;
const blockDone = 'readme-block-done';

const readme = await readFile(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)]
  .map((match) => match[1])
  .filter((block) => !block.startsWith('npm ci'));

const folder = await mkdtemp(join(tmpdir(), 'hindcast-readme-'));
for (const name of ['node_modules', 'samples', 'clients']) await symlink(join(root, name), join(folder, name));

/** A server in the folder, on a free port. */
const startServer = async () => {
  const launcher = join(root, 'hindcast/bin/hindcast.js');
  const child = spawn(process.execPath, [launcher, 'start', '--port', '0', '--log-format', 'json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no server within ${startMsMax} ms`)), startMsMax);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
      const found = /"url":"([^"]+)"/.exec(output);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
  });
  return { child, url };
};

/** One shell for all blocks: they share their variables. Answers how many it has done, and all that it printed. */
const runBlocks = async (url) => {
  const script = [
    'set -eEuo pipefail',
    `trap 'echo "FAILED: $BASH_COMMAND" >&2' ERR`,
    'curl() { command curl --fail-with-body "$@"; }',
    ...blocks.map((block) => `${block.replaceAll(addressInReadme, url)}\necho ${blockDone}`),
  ];
  await writeFile(join(folder, 'readme.sh'), `${script.join('\n')}\n`);
  const shell = spawn('bash', ['readme.sh'], {
    cwd: folder,
    env: { ...process.env, HINDCAST_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: runMsMax,
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
  }
  await once(shell, 'close');
  return { done: output.split(blockDone).length - 1, output };
};

let done = 0;
let server;
try {
  server = await startServer();
  const ran = await runBlocks(server.url);
  done = ran.done;
  for (const [at, block] of blocks.entries()) {
    const title = block.split('\n').find((line) => /^(?:curl|npx|api)/.test(line));
    console.log(`${at < done ? 'ok    ' : 'FAILED'} ${title}`);
  }
  if (done < blocks.length || process.argv.includes('--verbose')) console.log(ran.output);
} catch (error) {
  console.log(`FAILED ${error instanceof Error ? error.message : error}`);
} finally {
  if (server !== undefined && server.child.exitCode === null) {
    const exited = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    await exited;
  }
  await rm(folder, { recursive: true, force: true });
}
console.log(`\n${done} passed, ${blocks.length - done} failed`);
process.exit(blocks.length > 0 && done === blocks.length ? 0 : 1);
