#!/usr/bin/env node
// Builds what Hindcast needs in a clone, where something changed. Says one line before the first build, and all that
// the build said where it fails.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const outputBytesMax = 67_108_864;

if (!existsSync(new URL('../bundle/main.js', import.meta.url))) {
  process.stderr.write('Building Hindcast once, this takes some seconds …\n');
}
const { status, stdout, stderr, error } = spawnSync('npm', ['run', '--silent', 'build', '--', '--filter=hindcast...'], {
  cwd: fileURLToPath(new URL('../../', import.meta.url)),
  stdio: ['ignore', 'pipe', 'pipe'],
  encoding: 'utf8',
  maxBuffer: outputBytesMax,
});
if (status !== 0) {
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error === undefined ? '' : `${error.message}\n`}`);
  process.stderr.write('The build failed. Is everything installed? `npm ci` in the clone does it.\n');
  process.exitCode = 1;
}
