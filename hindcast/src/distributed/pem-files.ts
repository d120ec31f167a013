import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type ReadText, readingFault } from '../secret-files.ts';

/** A file that a setting names. */
export interface NamedFile {
  readonly env: string;
  readonly path: string | undefined;
}

export interface PemWishes {
  readonly ca: NamedFile;
  readonly cert: NamedFile;
  readonly key: NamedFile;
}

export interface PemFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface CheckedPemFiles {
  readonly files: PemFiles;
  /** One sentence each. */
  readonly problems: readonly string[];
}

const block = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** Throws where the text holds no certificate, or one that is none. */
const checkCertificates = (text: string): void => {
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0) throw new Error('it holds no PEM certificate (-----BEGIN CERTIFICATE-----)');
  for (const one of blocks) new X509Certificate(one);
};

const checkKey = (text: string): void => {
  if (/ENCRYPTED/.test(text)) throw new Error('its key is encrypted: give one without a passphrase');
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new Error('it holds no PEM key (-----BEGIN PRIVATE KEY-----)');
  }
  createPrivateKey(text);
};

/** The files of one service, read and looked into: a wrong one is told before anybody dials. */
export const checkPemFiles = ({ ca, cert, key }: PemWishes, readText: ReadText): CheckedPemFiles => {
  const problems: string[] = [];
  const read = ({ env, path }: NamedFile, check: (text: string) => void): string | undefined => {
    if (path === undefined) return undefined;
    try {
      const text = readText(path);
      check(text);
      return text;
    } catch (error) {
      problems.push(`${env} names ${path}, which cannot be used: ${readingFault(error)}.`);
      return undefined;
    }
  };
  for (const [one, other] of [
    [cert, key],
    [key, cert],
  ] as const) {
    if (one.path !== undefined && other.path === undefined) {
      problems.push(`${one.env} is of no use without ${other.env}: set both, or neither.`);
    }
  }
  const texts = { ca: read(ca, checkCertificates), cert: read(cert, checkCertificates), key: read(key, checkKey) };
  if (texts.cert !== undefined && texts.key !== undefined) {
    const isPair = new X509Certificate(texts.cert).checkPrivateKey(createPrivateKey(texts.key));
    if (!isPair) problems.push(`The key in ${key.env} is not that of the certificate in ${cert.env}.`);
  }
  const { ca: caText, cert: certText, key: keyText } = texts;
  return {
    files: {
      ...(caText === undefined ? {} : { ca: caText }),
      ...(certText === undefined ? {} : { cert: certText }),
      ...(keyText === undefined ? {} : { key: keyText }),
    },
    problems,
  };
};
