import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, datasetIdSchema, noneMatch, type OpenEnds, problem } from '@hindcast/adapters/http';
import type { DatasetFile, DatasetFormat } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { type ByteRange, parseByteRange } from './byte-range.ts';
import { type KeptDataset, mustHave, openKept, readManifest } from './dataset-reading.ts';
import type { QueryLimits, QueryPorts } from './query-ports.ts';
import { streamed } from './streamed-reply.ts';

const mediaTypes: Readonly<Record<DatasetFormat, string>> = {
  parquet: 'application/vnd.apache.parquet',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
};

export const datasetFileRoute =
  (ports: QueryPorts, limits: QueryLimits, streams: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { artifacts, logger } = ports;

    /** A part cannot be told from a damaged one; who has it all compares the digest, and then asks for the whole. */
    const partOf = async (
      { name, sha256, bytes }: DatasetFile,
      { first, last }: ByteRange,
      kept: KeptDataset,
    ): Promise<AsyncIterable<Uint8Array>> => {
      const path = await artifacts.localPath(sha256).catch(() => undefined);
      if (path !== undefined) return createReadStream(path, { start: first, end: last });
      return sliced(await openKept(kept, { sha256, bytes }, name), first, last);
    };

    app.get(
      '/v1/datasets/:id/files/:split/:file',
      {
        schema: {
          operationId: 'getDatasetFile',
          summary: 'A file of a data set',
          description:
            'Takes a range of bytes, so that a download that was broken off goes on. The ETag is the sha256 of the file, and ' +
            'HEAD tells it and the length. A whole file that the store has damaged breaks off before its end, and is gone ' +
            'after that; a range is sent as it is.',
          tags: ['Data sets'],
          params: Type.Object({
            id: datasetIdSchema,
            split: Type.String({ maxLength: 32, examples: ['train'] }),
            file: Type.String({ maxLength: 64, examples: ['part-00000.parquet'] }),
          }),
          headers: Type.Object({
            'if-none-match': Type.Optional(Type.String()),
            range: Type.Optional(Type.String({ description: 'One range, such as `bytes=1000-`' })),
            'if-range': Type.Optional(
              Type.String({ description: 'ETag that the range is of; of another one all is sent' }),
            ),
          }),
          produces: Object.values(mediaTypes),
          response: answers(
            {
              200: Type.Unknown({ description: 'The whole file' }),
              206: Type.Unknown({ description: 'The range of it' }),
              304: Type.Null({ description: 'Still what If-None-Match names' }),
            },
            'unknown-dataset',
            'unknown-dataset-file',
            'dataset-not-ready',
            'dataset-file-gone',
            'range-not-satisfiable',
            'catalog-behind',
            'too-many-waiting',
            'store-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const { id, split, file: name } = request.params;
        const { manifest, kept } = await readManifest(ports, id);
        const file = manifest.files.find((one) => one.name === `${split}/${name}`);
        if (!file)
          throw problem('unknown-dataset-file', 'The data set has no file of this name: its manifest lists them.');
        const etag = `"${file.sha256}"`;
        const headers = { etag, 'accept-ranges': 'bytes', 'cache-control': 'private, max-age=31536000, immutable' };
        const { range, 'if-range': ifRange, 'if-none-match': known } = request.headers;
        if (!noneMatch(known, etag)) return reply.code(304).headers(headers).send();
        if (request.method === 'HEAD') {
          await mustHave(kept, file, name);
          reply.headers(headers).type(mediaTypes[manifest.format]).header('content-length', file.bytes);
          // Fastify takes the length of a body that is no stream for that of the file.
          return reply.send(Readable.from([]));
        }
        const asked = ifRange === undefined || ifRange === etag ? parseByteRange(range, file.bytes) : undefined;
        if (asked === 'unsatisfiable') {
          throw problem('range-not-satisfiable', `The file has ${file.bytes} bytes.`, {
            headers: { 'content-range': `bytes */${file.bytes}` },
          });
        }
        const { first, last } = asked ?? { first: 0, last: file.bytes - 1 };
        const open = streams.of(reply.raw);
        try {
          const cut = () => reply.raw.destroy();
          const isWhole = last - first + 1 === file.bytes;
          const content = isWhole ? await openKept(kept, file, name) : await partOf(file, { first, last }, kept);
          reply
            .headers(headers)
            .type(mediaTypes[manifest.format])
            .header('content-length', last - first + 1);
          if (asked) reply.code(206).header('content-range', `bytes ${first}-${last}/${file.bytes}`);
          return reply.send(
            streamed(content, { signal: open.signal(), logger, stalledMsMax: limits.stalledMsMax, cut }),
          );
        } catch (error) {
          open.release();
          throw error;
        }
      },
    );
  };

async function* sliced(content: AsyncIterable<Uint8Array>, first: number, last: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of content) {
    const part = chunk.subarray(Math.max(0, first - at), Math.max(0, last + 1 - at));
    at += chunk.length;
    if (part.length > 0) yield part;
    if (at > last) return;
  }
}
