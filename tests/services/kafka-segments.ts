import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Of a record batch as Kafka keeps it on disk (message format 2): what lies where. */
const lengthAt = 8;
const checksumAt = 17;
const checkedFrom = 21;
const headBytes = 12;

/** CRC-32C, by which Kafka finds damage, and which whoever knows it can make again. */
const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
};

/** Where a broker of this machine keeps its records. */
export const dataFolderOf = async (pid: number): Promise<string> => {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  const properties = command.split('\0').find((argument) => argument.endsWith('server.properties')) ?? '';
  return join(dirname(properties), 'data');
};

/** Changes the first byte of a text that a stopped broker has stored, with the checksum of its batch or without. */
export const changeStoredByte = async (
  dataFolder: string,
  topicPartition: string,
  text: string,
  { mendChecksum }: { readonly mendChecksum: boolean },
): Promise<void> => {
  const folder = join(dataFolder, topicPartition);
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.log'))) {
    const path = join(folder, name);
    const bytes = await readFile(path);
    const place = bytes.indexOf(text);
    if (place < 0) continue;
    let start = 0;
    for (;;) {
      const end = start + headBytes + bytes.readUInt32BE(start + lengthAt);
      if (place < end) {
        bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
        if (mendChecksum) bytes.writeUInt32BE(crc32c(bytes.subarray(start + checkedFrom, end)), start + checksumAt);
        await writeFile(path, bytes);
        return;
      }
      start = end;
    }
  }
  throw new Error(`${folder} does not hold ${text}.`);
};
