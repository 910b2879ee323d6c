import { constants } from 'node:fs';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  errorName,
  type Libc,
  O_CLOEXEC,
  O_PATH,
  STATX_BYTES,
} from './libc.js';
import type { EntryThreads } from './entry-threads.js';
import type { EntryState, EntryVisit, FolderIdentity, LateFolder, OpenFolder } from './open-folder.js';
import { stateMark } from './state-mark.js';

const ENOENT = -2;
const ENOTDIR = -20;

/** No file system has a longer name: NTFS and SMB have 255 characters of up to three bytes. */
const NAME_BYTES = 1024;
/** As glibc reads entries. */
const ENTRIES_BYTES = 32 * 1024;

/** Offsets in `struct linux_dirent64`, whose name ends with a zero byte. */
const ENTRY_NEXT = 8;
const ENTRY_LENGTH = 16;
const ENTRY_TYPE = 18;
const ENTRY_NAME = 19;
/**
 * The position after the last entry on ext4 and Btrfs: no entry can come after it. Other file systems have to be asked
 * whether there are more.
 */
const LAST_POSITION = 0x7fff_ffff_ffff_ffffn;
const TYPE_UNKNOWN = 0;
const TYPE_FOLDER = 4;
const TYPE_LINK = 10;

/** Offsets in `struct statx`. */
const STATX_MODE = 28;
const STATX_INODE = 32;
const STATX_SIZE = 40;
const STATX_CTIME_S = 96;
const STATX_CTIME_NS = 104;
const STATX_MTIME_S = 112;
const STATX_MTIME_NS = 120;
const STATX_DEVICE = 136;
const TYPE_MASK = 0xf000;
const REGULAR = 0x8000;
const FOLDER = 0x4000;
const LINK = 0xa000;

/** Memory that the system reads from and writes to during a call. One set serves all folders of a thread. */
class CallMemory {
  readonly libc: Libc;
  readonly name = Buffer.from(new ArrayBuffer(NAME_BYTES));
  readonly entries = Buffer.from(new ArrayBuffer(ENTRIES_BYTES));
  readonly statx = Buffer.from(new ArrayBuffer(STATX_BYTES));
  readonly nameAddress: number;
  readonly entriesAddress: number;
  readonly statxAddress: number;

  constructor(libc: Libc) {
    this.libc = libc;
    this.nameAddress = libc.addressOf(this.name.buffer);
    this.entriesAddress = libc.addressOf(this.entries.buffer);
    this.statxAddress = libc.addressOf(this.statx.buffer);
  }

  /** Writes a name to where the next call reads it. */
  setName(name: string): number {
    if (name.length >= NAME_BYTES) throw systemCallError('ENAMETOOLONG');
    this.name[this.name.write(name, 'latin1')] = 0;
    return this.nameAddress;
  }
}

let memory: CallMemory | undefined;

export function descriptorFolderAtTop(libc: Libc): OpenFolder {
  memory ??= new CallMemory(libc);
  const flags = O_PATH | O_CLOEXEC | constants.O_DIRECTORY;
  return new DescriptorFolder(memory, succeeded(libc.openAt(AT_FDCWD, memory.setName('/'), flags)));
}

/** The stream of an open folder, which owns the descriptor, and of which a thread has read the first entries. */
export interface BegunStream {
  readonly threads: EntryThreads;
  readonly stream: number;
  /** The address of the first entry. */
  readonly first: number;
}

/**
 * A folder that has been opened elsewhere. It owns the descriptor from now on.
 *
 * @param begun the entries can then be listed once
 */
export function descriptorFolder(libc: Libc, descriptor: number, begun?: BegunStream): LateFolder {
  memory ??= new CallMemory(libc);
  return new DescriptorFolder(memory, descriptor, begun);
}

class DescriptorFolder implements LateFolder {
  readonly descriptor: number;
  readonly #memory: CallMemory;
  readonly #libc: Libc;
  readonly #begun: BegunStream | undefined;

  constructor(callMemory: CallMemory, descriptor: number, begun?: BegunStream) {
    this.#memory = callMemory;
    this.#libc = callMemory.libc;
    this.descriptor = descriptor;
    this.#begun = begun;
  }

  openFolder(name: string, isListed: boolean, followsLinks = false): OpenFolder {
    const flags =
      constants.O_DIRECTORY | (followsLinks ? 0 : constants.O_NOFOLLOW) | O_CLOEXEC | (isListed ? 0 : O_PATH);
    const opened = this.#libc.openAt(this.descriptor, this.#memory.setName(name), flags);
    return new DescriptorFolder(this.#memory, succeeded(opened));
  }

  openFile(name: string, flags: number): number {
    return succeeded(this.#libc.openAt(this.descriptor, this.#memory.setName(name), flags | O_CLOEXEC));
  }

  closeFile(descriptor: number): void {
    succeeded(this.#libc.close(descriptor));
  }

  eachEntry(visit: EntryVisit): void {
    const { entries, entriesAddress } = this.#memory;
    if (this.#begun !== undefined) {
      const { threads, stream, first } = this.#begun;
      for (let entry = first; entry !== 0; entry = succeeded(threads.next(stream))) {
        threads.copy(entriesAddress, entry, ENTRY_NAME);
        threads.copy(entriesAddress, entry, entries.readUInt16LE(ENTRY_LENGTH));
        this.#visit(entries, 0, visit);
      }
      return;
    }
    for (;;) {
      const bytes = succeeded(this.#libc.readEntries(this.descriptor, entriesAddress, ENTRIES_BYTES));
      if (bytes === 0) return;
      let last = 0;
      for (let at = 0; at < bytes; at += entries.readUInt16LE(at + ENTRY_LENGTH)) {
        last = at;
        this.#visit(entries, at, visit);
      }
      if (entries.readBigInt64LE(last + ENTRY_NEXT) === LAST_POSITION) return;
    }
  }

  #visit(entries: Buffer, at: number, visit: EntryVisit): void {
    const start = at + ENTRY_NAME;
    const name = entries.toString('latin1', start, entries.indexOf(0, start));
    if (name === '.' || name === '..') return;
    const known = entries[at + ENTRY_TYPE];
    const type = known === TYPE_UNKNOWN ? this.#typeOf(name) : known;
    visit(name, type === TYPE_FOLDER, type === TYPE_LINK);
  }

  stateOf(name: string): EntryState {
    succeeded(this.#statx(name, 0));
    return entryStateAt(this.#memory.statx, 0);
  }

  has(name: string): boolean {
    const result = this.#statx(name, AT_SYMLINK_NOFOLLOW);
    if (result === ENOENT) return false;
    succeeded(result);
    return true;
  }

  identity(): FolderIdentity {
    succeeded(this.#libc.statx(this.descriptor, this.#memory.statxAddress));
    const { statx } = this.#memory;
    return { device: statx.readBigUInt64LE(STATX_DEVICE), inode: statx.readBigUInt64LE(STATX_INODE) };
  }

  close(): void {
    if (this.#begun === undefined) this.#libc.close(this.descriptor);
    else this.#begun.threads.closeStream(this.#begun.stream);
  }

  #statx(name: string, flags: number): number {
    const { statxAddress } = this.#memory;
    return this.#libc.statxAt(this.descriptor, this.#memory.setName(name), flags, statxAddress);
  }

  /**
   * For file systems that do not report the type of an entry. One that has vanished meanwhile is no folder. Any other
   * failure is thrown: a folder that was left out would count as removed, with all books in it.
   */
  #typeOf(name: string): number {
    const result = this.#statx(name, AT_SYMLINK_NOFOLLOW);
    if (result === ENOENT || result === ENOTDIR) return TYPE_UNKNOWN;
    succeeded(result);
    const type = this.#memory.statx.readUInt16LE(STATX_MODE) & TYPE_MASK;
    return type === FOLDER ? TYPE_FOLDER : type === LINK ? TYPE_LINK : TYPE_UNKNOWN;
  }
}

/** What a `struct statx` says that begins at a byte of a buffer. */
export function entryStateAt(statx: Buffer, at: number): EntryState {
  const type = statx.readUInt16LE(at + STATX_MODE) & TYPE_MASK;
  return {
    kind: type === REGULAR ? 'file' : type === FOLDER ? 'folder' : 'other',
    sizeBytes: Number(statx.readBigUInt64LE(at + STATX_SIZE)),
    modifiedNs:
      statx.readBigInt64LE(at + STATX_MTIME_S) * 1_000_000_000n +
      BigInt(statx.readUInt32LE(at + STATX_MTIME_NS)),
    mark: stateMark(
      statx.readUInt32LE(at + STATX_INODE),
      statx.readUInt32LE(at + STATX_INODE + 4),
      statx.readUInt32LE(at + STATX_CTIME_S),
      statx.readUInt32LE(at + STATX_CTIME_NS),
    ),
    device: statx.readUInt32LE(at + STATX_DEVICE) * 2 ** 20 + statx.readUInt32LE(at + STATX_DEVICE + 4),
  };
}

function succeeded(result: number): number {
  if (result < 0) throw systemCallError(errorName(result));
  return result;
}

/** As Node's calls throw it. */
function systemCallError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
