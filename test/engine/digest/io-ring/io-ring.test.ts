import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BatchDigests, digestFiles } from '../../../../engine/digest/batch-digests.js';
import { IoRing, releaseRing } from '../../../../engine/system/io-ring.js';
import { type Libc, loadLibc } from '../../../../engine/system/libc.js';
import { RingReader } from '../../../../engine/digest/io-ring/ring-reader.js';
import { createMd5Kernel } from '../../../../engine/digest/md5-kernel-choice.js';
import { readIntoSlot, SYSTEM_CALL_READER } from '../../../../engine/digest/system-call-reader.js';
import { createEngine, type EntryBatch, EntryBatchBuilder } from '../../../../engine/index.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { hashedFolder } from '../../collected.js';
import { READS_HERE } from '../../reads-here.js';
import { writeSampleFile } from '../sample-file.js';

const MIB = 2 ** 20;
const ECANCELED = -125;

function libcHere(): Libc {
  const loaded = loadLibc();
  if (loaded.state === 'unavailable') throw new Error(loaded.reason);
  return loaded.libc;
}

/** How many descriptors and memory mappings of rings the process has. */
function ringsHeld(): { readonly descriptors: number; readonly maps: number } {
  const isRing = (text: string): boolean => text.includes('[io_uring]');
  return {
    descriptors: linksOfDescriptors().filter(isRing).length,
    maps: readFileSync('/proc/self/maps', 'utf8').split('\n').filter(isRing).length,
  };
}

function linksOfDescriptors(): string[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The descriptor with which the folder was listed is closed again.
      return '';
    }
  });
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/**
 * Reads of a ring fail with EAGAIN until the flags of a file are set: so they do on NFS and FUSE for files that were opened
 * not to block. The words and offsets are those of io-ring.ts.
 */
class RefusingLibc {
  refused = 0;
  readonly libc: Libc;
  readonly #views: Uint32Array[] = [];
  #parameters: DataView = new DataView(new ArrayBuffer(120));
  #isCleared = false;

  constructor(libc: Libc) {
    this.libc = {
      ...libc,
      ioUringSetup: (entries, parameters) => {
        this.#parameters = new DataView(parameters.buffer);
        return libc.ioUringSetup(entries, parameters);
      },
      view: (address, bytes) => {
        const view = libc.view(address, bytes);
        this.#views.push(new Uint32Array(view, 0, bytes >> 2));
        return view;
      },
      ioUringEnter: (ring, submissions, completions) => {
        const reads = this.#isCleared ? [] : this.#readsAmong(submissions);
        const entered = libc.ioUringEnter(ring, submissions, completions);
        this.#refuse(new Set(reads));
        return entered;
      },
      setFlags: (descriptor, flags) => {
        this.#isCleared = true;
        return libc.setFlags(descriptor, flags);
      },
    };
  }

  /** The marks of the reads among the operations that were added last. */
  #readsAmong(submissions: number): readonly number[] {
    const [ring, entries] = this.#views;
    if (ring === undefined || entries === undefined) return [];
    const tail = ring[this.#offset(44)] ?? 0;
    const added = Array.from(
      { length: submissions },
      (_, at) => 16 * ((tail - 1 - at) & (entries.length / 16 - 1)),
    );
    return added.filter((at) => entries[at] === 22).map((at) => entries[at + 8] ?? 0);
  }

  #refuse(marks: ReadonlySet<number>): void {
    const [ring] = this.#views;
    if (ring === undefined) return;
    const tail = ring[this.#offset(84)] ?? 0;
    for (let head = ring[this.#offset(80)] ?? 0; head !== tail; head += 1) {
      const at = this.#offset(100) + 4 * (head & (this.#parameters.getUint32(4, true) - 1));
      if (!marks.has(ring[at] ?? -1)) continue;
      ring[at + 2] = -11;
      this.refused += 1;
    }
  }

  /** Of what a field of the parameters says where it is. */
  #offset(field: number): number {
    return this.#parameters.getUint32(field, true) / 4;
  }
}

describe.skipIf(!READS_HERE.includes('io-uring'))('a ring', () => {
  const kernel = createMd5Kernel('auto');
  let root = Buffer.alloc(0);
  let batch: EntryBatch;

  beforeAll(async () => {
    const { path: folder } = await temporaryFolder();
    root = Buffer.from(`${folder}/`);
    const builder = new EntryBatchBuilder();
    const add = (name: string, sizeBytes: number, modifiedNs = 0n): void =>
      builder.addFile(name, sizeBytes, modifiedNs);
    const addWritten = (name: string): void => {
      const { size, mtimeNs } = statSync(join(folder, name), { bigint: true });
      add(name, Number(size), mtimeNs);
    };
    mkdirSync(join(folder, 'folder.epub'));
    execFileSync('mkfifo', [join(folder, 'pipe.epub')]);
    for (let round = 0; round < 40; round += 1) {
      for (const sizeBytes of [0, 1, 2048, 4097, 5120, 100_000, 256 * MIB, 256 * MIB + 1, 1100 * MIB]) {
        const name = `${round} ${sizeBytes}.epub`;
        writeSampleFile(join(folder, name), sizeBytes, round);
        addWritten(name);
      }
      writeFileSync(join(folder, `${round} shrunk.epub`), 'a book');
      add(`${round} shrunk.epub`, 90_000);
      add(`${round} gone.epub`, 100);
    }
    add('folder.epub', 4096);
    add('pipe.epub', 100);
    add(`${'long/'.repeat(1000)}.epub`, 100);
    batch = builder.take();
    // After this time no file counts as just changed. Otherwise every file would be read twice.
    await new Promise((resolve) => setTimeout(resolve, 50));
  });

  function hashedWith(reader: RingReader | typeof SYSTEM_CALL_READER): BatchDigests {
    return digestFiles(kernel, reader, root, batch, () => false);
  }

  it.each([false, true])('reads the same as system calls (O_NONBLOCK cleared: %s)', (clearsNonblock) => {
    const readByCalls: string[] = [];
    const reader = new RingReader(libcHere(), kernel.slots, {
      clearsNonblock,
      readFallback: (fallbackKernel, group, slot, outcomes) => {
        readByCalls.push(batch.pathAt(group.first + slot).toString());
        readIntoSlot(fallbackKernel, group, slot, outcomes);
      },
    });
    try {
      const open = openDescriptors();
      const hashed = hashedWith(reader);
      expect(hashed).toEqual(hashedWith(SYSTEM_CALL_READER));
      expect([...new Set(hashed.failures.values())].toSorted()).toEqual([
        'ENAMETOOLONG',
        'ENOENT',
        'not-regular',
      ]);
      expect(hashed.failures.size).toBe(40 + 3);
      expect(hashed.changed.size).toBe(40);
      expect(openDescriptors()).toBe(open);
      // All other files were read by the ring alone.
      expect(readByCalls).toHaveLength(hashed.failures.size + hashed.changed.size);
    } finally {
      releaseRing(libcHere(), reader.handles);
    }
  });

  it('reads a group again, still all files at a time, if its file system refuses reads that do not block', () => {
    const refusing = new RefusingLibc(libcHere());
    let readByCalls = 0;
    const reader = new RingReader(refusing.libc, kernel.slots, {
      readFallback: (...fallback) => {
        readByCalls += 1;
        readIntoSlot(...fallback);
      },
    });
    try {
      const hashed = hashedWith(reader);
      expect(hashed).toEqual(hashedWith(SYSTEM_CALL_READER));
      expect(refusing.refused).toBeGreaterThan(0);
      expect(readByCalls).toBe(hashed.failures.size + hashed.changed.size);
    } finally {
      releaseRing(libcHere(), reader.handles);
    }
  });

  it('reads links to books as it reads books, and follows no link to a folder', async () => {
    const { path: folder } = await temporaryFolder();
    const builder = new EntryBatchBuilder();
    // More than two groups; the second has the links.
    for (let file = 0; file < 2 * kernel.slots + 20; file += 1) {
      const name = `book ${file}/book.epub`;
      mkdirSync(join(folder, `book ${file}`));
      if (file === kernel.slots + 3) symlinkSync('../book 0/book.epub', join(folder, name));
      else writeSampleFile(join(folder, name), 5120, file);
      const { size, mtimeNs } = statSync(join(folder, name), { bigint: true });
      builder.addFile(name, Number(size), mtimeNs);
      if (file !== kernel.slots + 5) continue;
      symlinkSync('book 1', join(folder, 'linked'));
      builder.addFile('linked/book.epub', Number(size), mtimeNs);
    }
    const linked = builder.take();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const readByCalls: string[] = [];
    const reader = new RingReader(libcHere(), kernel.slots, {
      readFallback: (fallbackKernel, group, slot, outcomes) => {
        readByCalls.push(linked.pathAt(group.first + slot).toString());
        readIntoSlot(fallbackKernel, group, slot, outcomes);
      },
    });
    const digests = (by: RingReader | typeof SYSTEM_CALL_READER): BatchDigests =>
      digestFiles(kernel, by, Buffer.from(`${folder}/`), linked, () => false);
    try {
      const open = openDescriptors();
      const hashed = digests(reader);
      expect(hashed).toEqual(digests(SYSTEM_CALL_READER));
      expect(hashed.failures).toEqual(new Map([[kernel.slots + 6, 'ENOTDIR']]));
      expect(readByCalls).toEqual(['linked/book.epub']);
      expect(openDescriptors()).toBe(open);
    } finally {
      releaseRing(libcHere(), reader.handles);
    }
  });

  it('does not wait for data from a pipe that replaced a book', () => {
    const pipe = join(root.toString(), 'pipe.epub');
    const writer = openSync(pipe, 'r+');
    const reader = new RingReader(libcHere(), kernel.slots);
    try {
      expect(hashedWith(reader)).toEqual(hashedWith(SYSTEM_CALL_READER));
    } finally {
      closeSync(writer);
      releaseRing(libcHere(), reader.handles);
    }
  });

  it('leaves no file open when the engine is closed while it hashes', async () => {
    const { path: folder } = await temporaryFolder();
    for (let file = 0; file < 4000; file += 1) writeSampleFile(join(folder, `${file}.epub`), 70_000);
    const books = (): number => linksOfDescriptors().filter((link) => link.startsWith(folder)).length;
    for (let round = 0; round < 20; round += 1) {
      const engine = createEngine({ jobs: 2, reads: 'io-uring' });
      const hashing = engine.hash(folder, engine.walk(folder, { extensions: new Set(['epub']) }));
      for (let batch = 0; batch < 2; batch += 1) await hashing[Symbol.asyncIterator]().next();
      await new Promise((resolve) => setTimeout(resolve, round % 4));
      await engine.close();
    }
    expect(books()).toBe(0);
  });

  it('is released when its thread has ended', async () => {
    const { path: folder } = await temporaryFolder();
    for (let file = 0; file < 300; file += 1) writeFileSync(join(folder, `${file}.epub`), `book ${file}`);
    const before = ringsHeld();
    const engine = createEngine({ jobs: 3, reads: 'io-uring' });
    expect((await hashedFolder(engine, folder)).size).toBe(300);
    expect(ringsHeld().descriptors).toBeGreaterThan(before.descriptors);
    await engine.close();
    await expect.poll(ringsHeld).toEqual(before);
  });

  it('hashes everything if the limit on open files is lower than the number of files in a group', () => {
    const reader = new RingReader(libcHere(), kernel.slots);
    const setLimit = (limit: string): void =>
      void execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${limit}:`]);
    const limits = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    // A group has 96 files. Only 15 more may be opened.
    setLimit(String(openDescriptors() + 15));
    try {
      const hashed = hashedWith(reader);
      setLimit(limits?.[1] ?? '1024');
      expect(hashed).toEqual(hashedWith(SYSTEM_CALL_READER));
    } finally {
      setLimit(limits?.[1] ?? '1024');
      releaseRing(libcHere(), reader.handles);
    }
  });

  it('gives the reason if it cannot be made, and leaves no resources behind', () => {
    const libc = libcHere();
    const before = ringsHeld();
    expect(() => new IoRing({ ...libc, ioUringSetup: () => -1 }, 8)).toThrow(
      /does not offer io_uring \(EPERM\)/,
    );
    expect(() => new IoRing({ ...libc, ioUringEnter: () => -1 }, 8)).toThrow(/io_uring failed \(EPERM\)/);
    let maps = 0;
    const withoutMemory: Libc = {
      ...libc,
      map: (...where) => {
        maps += 1;
        return maps === 2 ? -12 : libc.map(...where);
      },
    };
    expect(() => new IoRing(withoutMemory, 8)).toThrow(/no memory for io_uring \(ENOMEM\)/);
    expect(ringsHeld()).toEqual(before);
  });

  it('continues when a signal interrupts the wait, and when only a part was submitted', () => {
    const libc = libcHere();
    let calls = 0;
    const interrupted: Libc = {
      ...libc,
      ioUringEnter: (ring, submissions, completions) => {
        calls += 1;
        // The first call is the self-test of the ring.
        if (calls === 2) return -4;
        return libc.ioUringEnter(ring, calls === 3 ? 1 : submissions, calls === 3 ? 0 : completions);
      },
    };
    const ring = new IoRing(interrupted, 8);
    try {
      for (let close = 0; close < 3; close += 1) ring.addClose(1_000_000 + close);
      ring.run();
      expect([...ring.results.subarray(0, 3)]).toEqual([-9, -9, -9]);
      expect(calls).toBe(4);
    } finally {
      releaseRing(libc, ring.handles);
    }
  });

  /** Pipes with a writer and nothing to read: a read of them is in progress until it is cancelled. */
  async function emptyPipes(count: number): Promise<{ folder: string; descriptors: number[] }> {
    const { path: folder } = await temporaryFolder();
    const names = Array.from({ length: count }, (_, pipe) => join(folder, `${pipe}.epub`));
    execFileSync('mkfifo', names);
    return { folder, descriptors: names.map((name) => openSync(name, 'r+')) };
  }

  it('cancels as many operations as it holds', async () => {
    const { descriptors } = await emptyPipes(1);
    const ring = new IoRing(libcHere(), 8);
    const memory = new Uint8Array(new ArrayBuffer(4096));
    const address = libcHere().addressOf(memory.buffer);
    try {
      for (let read = 0; read < ring.entries; read += 1) {
        ring.addRead(descriptors[0] ?? -1, address + read * 8, 8, -1);
      }
      ring.run((isPending) => Array.from(ring.results.keys()).filter(isPending));
      expect(ring.isBroken).toBe(false);
      expect([...ring.results]).toEqual(Array.from({ length: ring.entries }, () => ECANCELED));
      // Nothing is in progress: what is written now reaches only the reads of the next round.
      writeSync(descriptors[0] ?? -1, 'xxxxxxxxyyyyyyyy');
      expect(memory.every((byte) => byte === 0)).toBe(true);
      ring.addRead(descriptors[0] ?? -1, address + 1024, 16, -1);
      ring.run();
      expect(ring.results[0]).toBe(16);
      expect(memory.subarray(0, 64).every((byte) => byte === 0)).toBe(true);
    } finally {
      closeSync(descriptors[0] ?? -1);
      releaseRing(libcHere(), ring.handles);
    }
  });

  it('is broken if the choice of what to cancel throws, because the reads go on', async () => {
    const { descriptors } = await emptyPipes(1);
    const ring = new IoRing(libcHere(), 8);
    const memory = new Uint8Array(new ArrayBuffer(4096));
    try {
      ring.addRead(descriptors[0] ?? -1, libcHere().addressOf(memory.buffer), 8, -1);
      const fail = (): never => {
        throw new Error('no choice');
      };
      expect(() => ring.run(fail)).toThrow('no choice');
      expect(ring.isBroken).toBe(true);
      ring.addClose(1_000_000);
      expect(() => ring.run()).toThrow(/has failed before/);
      // The kernel writes into the memory even now, which is why its owner must keep it.
      writeSync(descriptors[0] ?? -1, 'xxxxxxxx');
      libcHere().ioUringEnter(ring.handles.descriptor, 0, 1);
      expect(memory[0]).toBe('x'.charCodeAt(0));
    } finally {
      closeSync(descriptors[0] ?? -1);
      releaseRing(libcHere(), ring.handles);
    }
  });

  it('reads on if all books of a group were replaced by pipes', async () => {
    const { folder, descriptors } = await emptyPipes(kernel.slots);
    const builder = new EntryBatchBuilder();
    for (const pipe of descriptors.keys()) builder.addFile(`${pipe}.epub`, 1100 * MIB, 0n);
    const pipes = builder.take();
    const reader = new RingReader(libcHere(), kernel.slots);
    try {
      const hashed = digestFiles(kernel, reader, Buffer.from(`${folder}/`), pipes, () => false);
      expect([...hashed.failures.values()]).toEqual(descriptors.map(() => 'not-regular'));
      expect(reader.isBroken).toBe(false);
    } finally {
      for (const descriptor of descriptors) closeSync(descriptor);
      releaseRing(libcHere(), reader.handles);
    }
  });

  it('is not used again after it has failed', () => {
    const libc = libcHere();
    let isFailing = false;
    const reader = new RingReader(
      { ...libc, ioUringEnter: (...call) => (isFailing ? -22 : libc.ioUringEnter(...call)) },
      kernel.slots,
    );
    try {
      hashedWith(reader);
      expect(reader.isBroken).toBe(false);
      isFailing = true;
      expect(() => hashedWith(reader)).toThrow(/io_uring failed \(EINVAL\)/);
      expect(reader.isBroken).toBe(true);
      isFailing = false;
      expect(() => hashedWith(reader)).toThrow(/has failed before/);
    } finally {
      releaseRing(libc, reader.handles);
    }
  });
});
