import { crc32 } from 'node:zlib';

/** A file in a RAR archive. A name that ends in `/` is a folder. */
export interface RarFile {
  readonly name: string;
  readonly content: string;
  /** Its first part is in the volume before. */
  readonly isContinued?: boolean;
}

/** A RAR archive of version 4 with stored files. */
export function makeOldRar(files: readonly RarFile[], mainFlags = 0): Buffer {
  const blocks = files.map(({ name, content, isContinued = false }) => {
    const isFolder = name.endsWith('/');
    const nameBytes = Buffer.from(isFolder ? name.slice(0, -1) : name);
    const data = Buffer.from(content);
    const fields = Buffer.alloc(25);
    fields.writeUInt32LE(data.length, 0);
    fields.writeUInt32LE(data.length, 4);
    fields[8] = 3;
    fields.writeUInt32LE(crc32(data), 9);
    fields[17] = 20;
    fields[18] = 0x30;
    fields.writeUInt16LE(nameBytes.length, 19);
    const flags = 0x8000 | (isFolder ? 0xe0 : 0) | (isContinued ? 1 : 0);
    return Buffer.concat([oldBlock(0x74, flags, Buffer.concat([fields, nameBytes])), data]);
  });
  const mark = Buffer.from('Rar!\u001A\u0007\u0000', 'latin1');
  const main = oldBlock(0x73, mainFlags, Buffer.alloc(6));
  return Buffer.concat([mark, main, ...blocks, oldBlock(0x7b, 0x4000, Buffer.alloc(0))]);
}

function oldBlock(type: number, flags: number, rest: Buffer): Buffer {
  const block = Buffer.alloc(7);
  block[2] = type;
  block.writeUInt16LE(flags, 3);
  block.writeUInt16LE(7 + rest.length, 5);
  const whole = Buffer.concat([block, rest]);
  whole.writeUInt16LE(crc32(whole.subarray(2)) & 0xffff, 0);
  return whole;
}

/** A RAR archive of version 5 with stored files. `beforeFiles` are further blocks. */
export function makeNewRar(files: readonly RarFile[], beforeFiles: readonly Buffer[] = []): Buffer {
  const blocks = files.map(({ name, content, isContinued = false }) => {
    const isFolder = name.endsWith('/');
    const nameBytes = Buffer.from(isFolder ? name.slice(0, -1) : name);
    const data = Buffer.from(content);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(crc32(data));
    const header = Buffer.concat([
      numbers(2, 2 | (isContinued ? 8 : 0), data.length),
      numbers(4 | (isFolder ? 1 : 0), data.length, 0o644),
      checksum,
      numbers(0, 1, nameBytes.length),
      nameBytes,
    ]);
    return Buffer.concat([newBlock(header), data]);
  });
  const mark = Buffer.from('Rar!\u001A\u0007\u0001\u0000', 'latin1');
  return Buffer.concat([
    mark,
    newBlock(numbers(1, 0, 0)),
    ...beforeFiles,
    ...blocks,
    newBlock(numbers(5, 0, 0)),
  ]);
}

/** The header of a RAR archive of version 5 whose names are encrypted. */
export function rarEncryption(): Buffer {
  return newBlock(numbers(4, 0, 0, 0));
}

function newBlock(header: Buffer): Buffer {
  const sized = Buffer.concat([numbers(header.length), header]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(sized));
  return Buffer.concat([checksum, sized]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes: number[] = [];
  for (const value of values) {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
    bytes.push(rest);
  }
  return Buffer.from(bytes);
}
