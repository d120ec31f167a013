/** A file that this program cannot work with. The message says which, and what to do about it. */
export class UnusableFile extends Error {
  readonly code = 'unusable_file';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnusableFile';
  }
}

/** The error itself, or, where SQLite says that the file is damaged, one that says so in words. */
export const explained = (error: unknown, path: string, remedy: string): unknown => {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || !/^SQLITE_(?:NOTADB|CORRUPT)/.test(code)) return error;
  const { message } = error as Error;
  return new UnusableFile(`The file ${path} is damaged (${message}). ${remedy}`, { cause: error });
};
