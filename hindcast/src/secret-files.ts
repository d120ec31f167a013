import { readFileSync, statSync } from 'node:fs';

/** A whole file as text. Throws where it cannot be read. */
export type ReadText = (path: string) => string;

/** Secrets and certificates are small: whatever is larger is something else. */
const fileBytesMax = 1_048_576;

export const readTextFile: ReadText = (path) => {
  const { size } = statSync(path);
  if (size > fileBytesMax) throw new Error(`it has ${size} bytes, and ${fileBytesMax} are the most`);
  return readFileSync(path, 'utf8');
};

/** Why a file could not be read, without the path, which whoever asks names. */
export const readingFault = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a folder';
  return message;
};

/** The variable that names the file of a secret, as Docker and Kubernetes mount them. */
export const fileVariable = (env: string): string => `${env}_FILE`;

export type Secret =
  | { readonly value: string; readonly origin: 'environment' | 'file' }
  | { readonly problem: string }
  | undefined;

/** A secret by its variable, or from the file that `…_FILE` names. undefined where neither is set. */
export const secretOf = (
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  readText: ReadText,
): Secret => {
  const inFile = fileVariable(name);
  const [given, path] = [env[name], env[inFile]];
  if (!path) return given ? { value: given, origin: 'environment' } : undefined;
  if (given) return { problem: `${name} and ${inFile} are both set: keep one of them.` };
  try {
    // Editors and `echo` end a file with a line feed, which nobody means as a part of a password.
    const value = readText(path).replace(/\r?\n$/, '');
    return value === '' ? { problem: `${inFile} names ${path}, which is empty.` } : { value, origin: 'file' };
  } catch (error) {
    return { problem: `${inFile} names ${path}, which cannot be read: ${readingFault(error)}.` };
  }
};
