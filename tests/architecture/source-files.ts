import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const readRootFile = (path: string): string => readFileSync(join(root, path), 'utf8');

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** Specifiers as they stand in the file. */
  readonly imports: readonly string[];
  /** Those among them that are still there when the program runs. */
  readonly liveImports: readonly string[];
}

export const isSpec = ({ path }: Pick<SourceFile, 'path'>): boolean => path.endsWith('.spec.ts');
/** Specs, and what only specs use. */
export const isTestCode = (file: Pick<SourceFile, 'path'>): boolean =>
  isSpec(file) || /\/src\/(?:contracts|testing)\//.test(file.path);

const importForms = [
  /^\s*(?:import|export)\s[^'";]*?\sfrom\s+'([^']+)'/gm,
  /^\s*import\s+'([^']+)'/gm,
  /\bimport\(\s*'([^']+)'\s*\)/g,
];

/** Every TypeScript file under a folder, without what is built or installed. */
export const sourceFiles = (folder: string): readonly SourceFile[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && !/\/(?:node_modules|dist)\//.test(path))
    .sort()
    .map((path) => {
      const text = readRootFile(path);
      const found = importForms.flatMap((form) => [...text.matchAll(form)]);
      const name = (match: RegExpExecArray) => match[1] ?? '';
      const live = found.filter(([statement]) => !/^\s*(?:import|export)\s+type\s/.test(statement));
      return { path, text, lines: text.split('\n').length - 1, imports: found.map(name), liveImports: live.map(name) };
    });

/** Path of a relative import, from the root. */
export const resolved = (from: string, specifier: string): string =>
  normalize(join(dirname(from), specifier)).replaceAll('\\', '/');

/** Files that need each other in a ring when they run, as one path per ring that was met. */
export const importRings = (files: readonly SourceFile[]): readonly string[] => {
  const importsOf = new Map(
    files.map(({ path, liveImports }) => [
      path,
      liveImports.filter((name) => name.startsWith('.')).map((name) => resolved(path, name)),
    ]),
  );
  const done = new Set<string>();
  const rings: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) rings.push([...trail.slice(at), path].join(' → '));
    if (at >= 0 || done.has(path)) return;
    for (const next of importsOf.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return rings;
};
