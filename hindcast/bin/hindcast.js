#!/usr/bin/env -S node --max-semi-space-size=32
// A larger young generation: most of what a prediction allocates lives until its end is folded, and would be copied twice.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../bundle/main.js', import.meta.url);

/** Whether this file lies in a clone, and not where Hindcast was installed as a package. */
const isClone = () => {
  try {
    const { name } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    return name === 'hindcast-workspace';
  } catch {
    return false;
  }
};

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Hindcast needs Node 20.19 or newer; this is ${process.version}.\n`);
  process.exit(1);
}

if (!existsSync(main)) {
  if (!isClone()) {
    process.stderr.write('This copy of Hindcast is not complete: its bundle folder is missing. Install it again.\n');
    process.exit(1);
  }
  const build = fileURLToPath(new URL('build-workspace.js', import.meta.url));
  const built = spawnSync(process.execPath, [build], { stdio: ['ignore', 2, 2] });
  if (built.status !== 0) process.exit(1);
}

await import(main.href);
