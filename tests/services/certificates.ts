import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './find-program.ts';
import { temporaryFolder } from './program.ts';
import { runCommand } from './run-command.ts';

const timeoutMs = 30_000;
const validDays = 2;
const expiredDays = -1;
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Paths of PEM files. `both` has the key and then the certificate, as some programs want it. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly both: string;
}

/** Made for one test run and thrown away with it. */
export interface Certificates {
  /** The authority that signed all of them. */
  readonly ca: string;
  /** An authority that signed none. */
  readonly strangersCa: string;
  /** For `localhost` and 127.0.0.1. */
  readonly server: Certificate;
  readonly expired: Certificate;
  /** For a host that nobody dials. */
  readonly elsewhere: Certificate;
  readonly client: Certificate;
}

/** undefined where there is no openssl. */
export const makeCertificates = async (): Promise<Certificates | undefined> => {
  const openssl = await findProgram('openssl');
  if (!openssl) return undefined;
  const folder = await temporaryFolder('certificates');
  const run = (...args: readonly string[]) => runCommand(openssl, args, { timeoutMs, cwd: folder });
  const pathOf = (name: string, end: string) => join(folder, `${name}.${end}`);

  const authority = async (name: string): Promise<string> => {
    const files = ['-keyout', pathOf(name, 'key'), '-out', pathOf(name, 'pem')];
    await run('req', '-x509', ...curve, ...files, '-subj', `/CN=${name}`, '-days', String(validDays));
    return pathOf(name, 'pem');
  };
  const issue = async (name: string, subject: string, names: string, days = validDays): Promise<Certificate> => {
    const [cert, key, both, request] = ['pem', 'key', 'both', 'csr'].map((end) => pathOf(name, end));
    if (!cert || !key || !both || !request) throw new Error('unreachable');
    const extension = ['-addext', `subjectAltName=${names}`];
    await run('req', ...curve, '-keyout', key, '-out', request, '-subj', subject, ...extension);
    const signer = ['-CA', pathOf('authority', 'pem'), '-CAkey', pathOf('authority', 'key'), '-CAcreateserial'];
    const made = await run('x509', '-req', '-in', request, ...signer, '-copy_extensions', 'copy', '-days', `${days}`);
    const pem = made.slice(made.indexOf('-----BEGIN CERTIFICATE-----'), made.indexOf(endMark) + endMark.length);
    await writeFile(cert, `${pem}\n`);
    await writeFile(both, `${await run('pkey', '-in', key)}${pem}\n`);
    return { cert, key, both };
  };

  const ca = await authority('authority');
  const local = 'DNS:localhost,IP:127.0.0.1';
  return {
    ca,
    strangersCa: await authority('strangers'),
    // One after the other: they count up one serial number.
    server: await issue('server', '/CN=localhost', local),
    expired: await issue('expired', '/CN=localhost', local, expiredDays),
    elsewhere: await issue('elsewhere', '/CN=elsewhere.example', 'DNS:elsewhere.example'),
    client: await issue('client', '/CN=hindcast', 'DNS:client.example'),
  };
};

const endMark = '-----END CERTIFICATE-----';
