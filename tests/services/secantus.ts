import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installed, installOnce, isBeingInstalled } from './cache.ts';
import { findProgram } from './find-program.ts';
import { runCommand } from './run-command.ts';
import { waitUntil } from './wait-until.ts';

/**
 * SecantusDB speaks MongoDB's protocol on MongoDB's storage engine. It stands in where no `mongod` is to be had. One
 * program is built from Rust (minutes, once), the other comes ready for Python (seconds) and is ten times slower.
 */
export interface Secantus {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly detail: string;
}

const rustVersion = '0.5.3-beta.196';
const rustKey = `secantus-mdb-${rustVersion}`;
const rustTimeoutMs = 40 * 60_000;
/** Whoever waits longer is better off with the slower program. */
const patienceMs = 4 * 60_000;
const pythonVersion = '0.7.0b3';
const pythonTimeoutMs = 5 * 60_000;
const questionTimeoutMs = 30_000;
/** `cp311`: compiled parts are for one version of Python. */
const pythonTag = 'import sys; print("cp%d%d" % sys.version_info[:2])';
const pythonMain = 'from secantus.cli import main; main()';

const fromRust = (folder: string): Secantus => ({
  command: join(folder, 'bin', 'secantusd-rs'),
  args: [],
  detail: `SecantusDB ${rustVersion} in Rust, ${folder}`,
});

export const secantusFromRust = async (): Promise<Secantus | undefined> => {
  const folder = await installed(rustKey);
  return folder === undefined ? undefined : fromRust(folder);
};

/** Waits a while for a build that another process has under way; undefined where there is none or it takes too long. */
export const secantusBeingBuilt = async (): Promise<Secantus | undefined> => {
  await waitUntil('the build ends', patienceMs, async () => !(await isBeingInstalled(rustKey))).catch(() => {});
  return secantusFromRust();
};

/**
 * The storage engine's C files, four compiled as one, with the headers that all of them read read once: half of the work is
 * to read them for each. More at once do not go together. To optimize less costs the tests less than it saves.
 */
const toolchain = `
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 4)
  set(CC_OPTIMIZE_LEVEL "-O1" CACHE STRING "")
  set(CMAKE_PROJECT_WiredTiger_INCLUDE "\${CMAKE_CURRENT_LIST_DIR}/headers.cmake")
`;
const headers = 'cmake_language(DEFER CALL target_precompile_headers wt_objs PRIVATE <wt_internal.h>)';

/** Crates that work at every request. The others, some 250, are as good when they are compiled quickly. */
const busyCrates = [
  ...['auth', 'commands', 'core', 'server', 'storage', 'storage-adapter', 'wire', 'wt'].map(
    (name) => `secantus-${name}`,
  ),
  ...['bson', 'hashbrown', 'indexmap', 'memchr', 'libmimalloc-sys', 'ring'],
];
const optimized = (crate: string, level: number) => ['--config', `profile.release.package.${crate}.opt-level=${level}`];
const profile = [...optimized('"*"', 0), ...busyCrates.flatMap((crate) => optimized(crate, 2))];

/** At low priority, for it takes two cores for some minutes. */
export const buildSecantus = async (): Promise<Secantus | undefined> => {
  const cargo = await findProgram('cargo');
  if (!cargo) return undefined;
  const folder = await installOnce(rustKey, async (staging) => {
    const target = join(staging, 'target');
    const root = join(staging, 'root');
    const cmake = join(staging, 'cmake');
    const toolchainFile = join(cmake, 'toolchain.cmake');
    await mkdir(cmake);
    await writeFile(toolchainFile, toolchain);
    await writeFile(join(cmake, 'headers.cmake'), headers);
    const crate = ['secantus-mdb', '--version', rustVersion, '--locked', '--ignore-rust-version', ...profile];
    await runCommand('nice', ['-n', '15', cargo, 'install', ...crate, '--root', root, '--target-dir', target], {
      timeoutMs: rustTimeoutMs,
      env: { ...process.env, CMAKE_TOOLCHAIN_FILE: toolchainFile, CARGO_PROFILE_RELEASE_LTO: 'off' },
    });
    await rename(join(root, 'bin'), join(staging, 'bin'));
    await Promise.all([root, target, cmake].map((path) => rm(path, { recursive: true })));
  });
  return fromRust(folder);
};

/** From the package index of Python. undefined where there is no Python. */
export const secantusFromPython = async (): Promise<Secantus | undefined> => {
  const python = await findProgram('python3');
  if (!python) return undefined;
  const tag = (await runCommand(python, ['-c', pythonTag], { timeoutMs: questionTimeoutMs })).trim();
  const folder = await installOnce(`secantusdb-${pythonVersion}-${tag}`, async (staging) => {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', staging];
    await runCommand(python, [...pip, `SecantusDB==${pythonVersion}`], { timeoutMs: pythonTimeoutMs });
  });
  return {
    command: python,
    args: ['-c', pythonMain],
    env: { ...process.env, PYTHONPATH: folder },
    detail: `SecantusDB ${pythonVersion} in Python, ${folder}`,
  };
};
