import { type ReadText, readingFault } from '../secret-files.ts';
import type { Config } from '../settings.ts';
import { uriProblems } from './service-uri.ts';

const fileOptions = ['tlsCAFile', 'tlsCertificateKeyFile', 'tlsCRLFile'];

/** What is wrong with the URI of MongoDB, which says user, password and TLS. One sentence each, without the URI. */
export const mongodbProblems = ({ mongodbUri }: Pick<Config, 'mongodbUri'>, readText: ReadText): readonly string[] => {
  const query = new URLSearchParams(mongodbUri?.split('?').slice(1).join('?') ?? '');
  const files = fileOptions.flatMap((option) => {
    const path = query.get(option);
    if (path === null) return [];
    try {
      if (/-----BEGIN /.test(readText(path))) return [];
      return [`${option} in MONGODB_URI names ${path}, which is no PEM file.`];
    } catch (error) {
      return [`${option} in MONGODB_URI names ${path}, which cannot be read: ${readingFault(error)}.`];
    }
  });
  return [...uriProblems('MONGODB_URI', mongodbUri), ...files];
};
