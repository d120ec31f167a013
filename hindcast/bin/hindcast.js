#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/main.js', import.meta.url);

/** The workspace around this file in a clone; undefined where Hindcast was installed as a package. */
const workspace = () => {
  const root = new URL('../../', import.meta.url);
  try {
    const { name } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
    return name === 'hindcast-workspace' ? fileURLToPath(root) : undefined;
  } catch {
    return undefined;
  }
};

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Hindcast needs Node 20.19 or newer; this is ${process.version}.\n`);
  process.exit(1);
}

if (!existsSync(main)) {
  const cwd = workspace();
  if (cwd === undefined) {
    process.stderr.write('This copy of Hindcast is not complete: its dist folder is missing. Install it again.\n');
    process.exit(1);
  }
  process.stderr.write('Building Hindcast once, this takes some seconds …\n');
  const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd, stdio: ['ignore', 2, 2] });
  if (built.status !== 0) {
    process.stderr.write('The build failed. `npm ci` and then `npm run build` in the clone say more.\n');
    process.exit(1);
  }
}

await import(main.href);
