import { crc32, deflateRawSync } from 'node:zlib';

/** A file of an archive. All fields after `isStored` are for archives that are wrong on purpose. */
export interface ZipFile {
  readonly name: string | Buffer;
  readonly content: string | Buffer;
  /** Whether it is stored as it is; deflated otherwise. */
  readonly isStored?: boolean;
  readonly isEncrypted?: boolean;
  /** The number of a compression method instead of the true one. */
  readonly method?: number;
  /** The size in the central directory instead of the true one. */
  readonly declaredBytes?: number;
}

/** A ZIP archive. */
export function makeZip(files: readonly ZipFile[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const content = Buffer.from(file.content);
    const name = Buffer.from(file.name);
    const data = file.isStored === true ? content : deflateRawSync(content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE((file.isEncrypted === true ? 1 : 0) | 0x800, 2);
    fields.writeUInt16LE(file.method ?? (file.isStored === true ? 0 : 8), 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(file.declaredBytes ?? content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from([0x50, 0x4b, 3, 4]), fields, name, data);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), fields, tail, name);
    offset += 4 + fields.length + name.length + data.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directoryBytes.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directoryBytes, end]);
}
