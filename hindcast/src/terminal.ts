import type { Readable, Writable } from 'node:stream';

/** The world around a command: arguments instead of globals, so that tests can look at all of it. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

/** How a command speaks: answers on stdout, everything else on stderr. */
export interface Voice {
  /** The answer: with `--json` the value on one line, else the text. */
  answer(value: unknown, text: string): void;
  /** A remark that is no answer. */
  note(text: string): void;
  /** One line that replaces itself on a terminal; elsewhere only the last one counts, as a note. */
  progress(text: string, last?: boolean): void;
  dim(text: string): string;
  bold(text: string): string;
}

export const voiceOf = (terminal: Terminal, json: boolean): Voice => {
  const color = terminal.stdout.isTTY === true && (terminal.env['NO_COLOR'] ?? '') === '';
  const styled = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    answer: (value, text) => {
      terminal.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
    },
    note: (text) => {
      terminal.stderr.write(`${text}\n`);
    },
    progress: (text, last = false) => {
      if (terminal.stderr.isTTY === true) terminal.stderr.write(`\r\u001b[K${text}${last ? '\n' : ''}`);
      else if (last) terminal.stderr.write(`${text}\n`);
    },
    dim: styled(2),
    bold: styled(1),
  };
};
