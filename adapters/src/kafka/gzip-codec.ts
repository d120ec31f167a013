import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import kafkajs from 'kafkajs';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Level 1 takes a third of the time of the default and leaves JSON hardly larger. */
export const useFastGzip = (): void => {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) => compress(buffer, { level: 1 }),
    decompress: (buffer: Buffer) => decompress(buffer),
  });
};
