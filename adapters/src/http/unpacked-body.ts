import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { problem } from './problem.ts';

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

const isKnown = (encoding: string): encoding is keyof typeof decoders => Object.hasOwn(decoders, encoding);

/**
 * The body as it was before its Content-Encoding: what clients may compress. What unpacks to more than
 * `bytesMax` is given up on the way there.
 * @throws Problem `unsupported-media-type`, `body-too-large`, `malformed-request`
 */
export const unpackedBody = async (body: unknown, encoding: string | undefined, bytesMax: number): Promise<unknown> => {
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || !Buffer.isBuffer(body)) return body;
  if (!isKnown(name)) {
    const known = Object.keys(decoders).join(', ');
    throw problem('unsupported-media-type', `Of the encodings, ${known} are read.`, {
      headers: { 'accept-encoding': known },
    });
  }
  try {
    return await decoders[name](body, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw problem('body-too-large', `The body may unpack to at most ${bytesMax} bytes.`);
    }
    throw problem('malformed-request', `The body is not ${name}, as its Content-Encoding says.`);
  }
};
