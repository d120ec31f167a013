import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type EventType, eventData, schemaVersions } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { firstFiles } from '../first-files-sequencer.ts';
import { importRings, isSpec, isTestCode, readRootFile, root, type SourceFile, sourceFiles } from './source-files.ts';

const packages = ['domain', 'adapters', 'command-api', 'query-api', 'projectors', 'workers', 'hindcast'] as const;
const sources = new Map(packages.map((name) => [name, sourceFiles(`${name}/src`)]));
const shipped = [...sources.values()].flat();
const everything = [...shipped, ...sourceFiles('tests'), ...sourceFiles('bench')];

/** Which other packages of the workspace a package may import. APIs share HTTP plumbing and nothing else. */
const mayImport: Readonly<Record<(typeof packages)[number], RegExp>> = {
  domain: /^$/,
  adapters: /^@hindcast\/domain(?:\/in-memory)?$/,
  'command-api': /^@hindcast\/(?:domain|adapters\/http)$/,
  'query-api': /^@hindcast\/(?:domain|adapters\/http)$/,
  projectors: /^@hindcast\/domain$/,
  workers: /^@hindcast\/domain$/,
  hindcast: /^@hindcast\/(?:domain|domain\/in-memory|adapters\/[a-z-]+|command-api|query-api|projectors|workers)$/,
};
const onlyInTests =
  /^(?:vitest|fast-check|@hindcast\/domain\/(?:contracts|testing|in-memory)|@hindcast\/adapters\/node)$/;

/** Ports, each with the contract suite that its adapters run. */
const contracts = {
  EventLog: { file: 'event-log-contract.ts', by: ['sqlite', 'kafka'] },
  ViewDatabase: { file: 'view-database-contract.ts', by: ['sqlite', 'mongodb'] },
  ResultCache: { file: 'result-cache-contract.ts', by: ['redis'] },
  CompletionBus: { file: 'completion-bus-contract.ts', by: ['redis'] },
  Reservations: { file: 'reservations-contract.ts', by: ['redis'] },
  RateLimits: { file: 'rate-limits-contract.ts', by: ['redis'] },
  SessionStore: { file: 'session-store-contract.ts', by: ['redis'] },
  ArtifactStore: { file: 'artifact-store-contract.ts', by: ['files', 'mongodb'] },
  ModelRuntime: { file: 'model-runtime-contract.ts', by: ['onnx'] },
  BacklogBoard: { file: 'backlog-board-contract.ts', by: ['mongodb'] },
  DatasetExtractor: { file: 'dataset-extractor-contract.ts', by: ['duckdb'] },
};

/** Files over the limit, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {
  'adapters/src/http/problems.ts': 'the one table of error codes',
};
const linesMax = 300;
const medianLinesMax = 80;

const violations = (files: readonly SourceFile[], wrong: (specifier: string, file: SourceFile) => boolean) =>
  files.flatMap((file) => file.imports.filter((name) => wrong(name, file)).map((name) => `${file.path}: ${name}`));

describe('what may import what', () => {
  it('keeps the domain free of technology', () => {
    const files = sources.get('domain') ?? [];
    expect(
      violations(files, (name, file) => {
        if (name.startsWith('./') || name.startsWith('../')) return false;
        if (/^@sinclair\/typebox(?:\/|$)/.test(name)) return false;
        return !(isTestCode(file) && /^(?:vitest|fast-check|node:crypto|node:fs)$/.test(name));
      }),
    ).toEqual([]);
  });

  it.each(packages)('lets %s import only what lies below it', (name) => {
    expect(
      violations(sources.get(name) ?? [], (specifier, file) => {
        if (!/^(?:@hindcast\/|hindcast$)/.test(specifier)) return false;
        return !mayImport[name].test(specifier) && !(isTestCode(file) && onlyInTests.test(specifier));
      }),
    ).toEqual([]);
  });

  it('keeps relative imports inside their package', () => {
    const outside = violations(shipped, (name, file) => {
      const depth = file.path.split('/').length - 3;
      return name.startsWith('.') && name.split('../').length - 1 > depth;
    });
    expect(outside).toEqual([]);
  });

  it('has no rings of imports', () => {
    expect(importRings(everything)).toEqual([]);
  });
});

describe('files', () => {
  it(`are at most ${linesMax} lines long, or have a reason`, () => {
    const long = everything.filter(({ path, lines }) => lines > linesMax && longFiles[path] === undefined);
    expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  it(`have a median of at most ${medianLinesMax} lines`, () => {
    const lengths = shipped.filter((file) => !isTestCode(file)).map(({ lines }) => lines);
    expect(lengths.sort((a, b) => a - b)[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(medianLinesMax);
  });

  it('are named in kebab-case for what they hold', () => {
    const wrong = everything.filter(({ path }) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      return (
        !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.d|\.int|\.services)?(?:\.spec)?\.ts$/.test(name) ||
        path.split('/').some((part) => /^(?:utils?|helpers?|common|types)(?:\.ts)?$/.test(part))
      );
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

describe('what people are told to type', () => {
  it('works in a clone, where no program is called hindcast', () => {
    const commands = readdirSync(join(root, 'hindcast/src/commands'), { encoding: 'utf8' })
      .filter((name) => !name.includes('.spec.'))
      .map((name) => name.replace('.ts', ''));
    const bare = new RegExp(`(?<!npx )(?<![\\w/@.-])hindcast (?:${commands.join('|')})\\b`);
    const told = shipped
      .filter((file) => !isTestCode(file))
      .flatMap(({ path, text }) =>
        text.split('\n').flatMap((line, at) => (bare.test(line) ? [`${path}:${at + 1}`] : [])),
      );
    expect(told).toEqual([]);
  });
});

describe('proofs', () => {
  it.each(Object.entries(contracts))('has a contract suite for %s that every adapter runs', (_port, { file, by }) => {
    const suite = shipped.find(({ path }) => path === `domain/src/contracts/${file}`);
    const names = [...(suite?.text.matchAll(/export const (\w+)/g) ?? [])].map((match) => match[1] ?? '');
    expect(names).not.toEqual([]);
    const index = readRootFile('domain/src/contracts/index.ts');
    expect(index).toContain(`./${file}`);
    const runs = shipped.filter((spec) => isSpec(spec) && names.some((name) => spec.text.includes(`${name}(`)));
    const missing = by.filter((folder) => !runs.some(({ path }) => path.startsWith(`adapters/src/${folder}/`)));
    expect(missing).toEqual([]);
  });

  it('begin with files that there are', () => {
    expect(firstFiles.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('stored events', () => {
  it.each(Object.keys(eventData) as EventType[])('have a frozen example of every version of %s', (type) => {
    const versions = Array.from(
      { length: schemaVersions[type] ?? 1 },
      (_, at) => `domain/fixtures/${type}.v${at + 1}.json`,
    );
    expect(versions.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('the lock file', () => {
  const { packages } = JSON.parse(readRootFile('package-lock.json')) as {
    packages: Record<string, { resolved?: string; engines?: { node?: string } }>;
  };

  it('holds no package that asks for a newer Node than this project does', () => {
    const newer = Object.entries(packages).filter(([, { engines }]) => /^(?:>=|\^) ?2[1-9]/.test(engines?.node ?? ''));
    expect(newer.map(([name]) => name)).toEqual([]);
  });

  it('names no host but the public registry', () => {
    const foreign = Object.entries(packages).filter(
      ([, { resolved }]) => resolved?.includes('://') && !resolved.startsWith('https://registry.npmjs.org/'),
    );
    expect(foreign.map(([name]) => name)).toEqual([]);
  });
});

describe('the documents', () => {
  const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  it.each(['README.md', 'CONTRIBUTING.md', 'docs/decisions/README.md', ...guides.map((name) => `docs/${name}`)])(
    '%s names only files that are there',
    (document) => {
      const text = readRootFile(document);
      const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => join(dirname(document), match[1] ?? ''));
      const paths = [...text.matchAll(/`([a-z0-9-]+\/[a-z0-9./-]+\.(?:ts|mjs))`/g)].map((match) => match[1] ?? '');
      expect([...links, ...paths].filter((path) => !existsSync(join(root, path)))).toEqual([]);
    },
  );

  it('has every decision in its list', () => {
    const list = readRootFile('docs/decisions/README.md');
    const decisions = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d{4}-/.test(name));
    expect(decisions.filter((name) => !list.includes(`(${name})`))).toEqual([]);
  });
});

describe('the README', () => {
  it('is in step with the settings (npm run readme)', async () => {
    const { withSettingsTable } = await import('../../hindcast/src/settings-table.ts');
    await expect(withSettingsTable(readRootFile('README.md'))).toMatchFileSnapshot(`${root}README.md`);
  });

  it.each(['README.md', 'docs/audit.md', 'docs/datasets.md', 'docs/verification.md'])(
    'and the guides leave nothing in the workspace that git would ask about: %s',
    (document) => {
      const ignored = readRootFile('.gitignore').split('\n');
      const written = [...readRootFile(document).matchAll(/(?:--out|--state| >) ([a-z][\w-]*(?:\.[a-z]+)?)(?=[\s`])/g)];
      const names = [...new Set(written.map((match) => match[1] ?? ''))];
      const asked = names.filter(
        (name) => ![`/${name}`, `/${name}/`, `/*.${name.split('.').pop()}`].some((line) => ignored.includes(line)),
      );
      expect([names.length > 0, asked]).toEqual([true, []]);
    },
  );
});
