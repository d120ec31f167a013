// Does what the README's quick start says, as a person would: start, run the printed command as it stands, read the
// answer, stop, start again, find it still there. Ends in `N passed, N failed`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../hindcast/bin/hindcast.js', import.meta.url));
const startMsMax = 60_000;
const count = { passed: 0, failed: 0 };
const children = [];

const check = (what, ok, seen) => {
  count[ok ? 'passed' : 'failed'] += 1;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${what}${ok ? '' : `: ${seen}`}`);
};

/** Starts Hindcast on a free port and waits for the text that people see. */
const start = async (folder) => {
  const args = [launcher, 'start', '--port', '0', '--data', folder, '--log-format', 'text'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const exited = once(child, 'exit');
  let output = '';
  const command = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${why}\n${output}`));
    const timer = setTimeout(() => fail(`no command was printed within ${startMsMax} ms`), startMsMax);
    child.once('exit', (code) => fail(`the process ended with ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        output += chunk;
        const found = /^ *Try +(curl .*)$/m.exec(output);
        if (!found || !output.includes(`${found[1]}\n`)) return;
        clearTimeout(timer);
        resolve(found[1]);
      });
    }
  });
  return {
    command,
    url: /https?:\/\/[^/\s]+/.exec(command)[0],
    async stop(signal) {
      child.kill(signal);
      const [code] = await exited;
      return { code, output };
    },
  };
};

/** Runs a line in a shell, as it stands. */
const shell = async (line) => {
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, output };
};

const folder = await mkdtemp(join(tmpdir(), 'hindcast-smoke-'));
try {
  console.log(`Node ${process.version}`);
  const first = await start(folder);
  const answer = await shell(first.command);
  check('the printed command runs in sh', answer.code === 0, answer.code);
  const prediction = JSON.parse(answer.output);
  check(
    'its answer is the result',
    prediction.status === 'succeeded' && prediction.output !== undefined,
    answer.output,
  );

  const read = await shell(`curl -s ${first.url}/v1/predictions/${prediction.id}`);
  check('the result can be read', JSON.parse(read.output).status === 'succeeded', read.output);
  const cli = await shell(`'${process.execPath}' '${launcher}' get ${prediction.id} --url ${first.url} --json`);
  check('the command line reads it too', cli.code === 0 && JSON.parse(cli.output).id === prediction.id, cli.output);
  const stopped = await first.stop('SIGTERM');
  check('SIGTERM ends it with 0', stopped.code === 0, `${stopped.code}\n${stopped.output}`);

  const second = await start(folder);
  const again = await shell(`curl -s ${second.url}/v1/predictions/${prediction.id}`);
  const { status, output } = JSON.parse(again.output);
  const same = status === 'succeeded' && JSON.stringify(output) === JSON.stringify(prediction.output);
  check('after a restart it is still there', same, again.output);
  const interrupted = await second.stop('SIGINT');
  check('SIGINT ends it with 0', interrupted.code === 0, `${interrupted.code}\n${interrupted.output}`);
} catch (error) {
  check('the smoke test runs to its end', false, error instanceof Error ? error.message : error);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
console.log(`\n${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed === 0 ? 0 : 1);
