import { type BigIntStats, statSync } from 'node:fs';
import {
  type Engine,
  type EntryBatch,
  EntryBatchBuilder,
  type HashedBatch,
  KOREADER_EXTENSIONS,
} from '../../engine/index.js';

export interface HashedPath {
  /** As it was given, or found below the folder that was given; bytes. */
  readonly path: Buffer;
  readonly outcome:
    | {
        readonly state: 'hashed';
        readonly partialMd5: Buffer;
        readonly filenameMd5: Buffer;
        readonly sizeBytes: number;
      }
    | { readonly state: 'failed'; readonly code: string; readonly message: string };
}

export interface HashPathsOptions {
  /**
   * Which files of a folder are hashed, by default all that KOReader opens; a file that is named itself is
   * hashed whatever its name.
   */
  readonly extensions?: ReadonlySet<string>;
  /** Folders are not walked but fail, as in a list of files to check. */
  readonly foldersAreFailures?: boolean;
  readonly signal?: AbortSignal;
}

/** Files named one by one that go to the workers together. */
const FILES_AT_ONCE = 256;

const SLASH = Buffer.from('/');

/**
 * Hashes files and, below folders, every book: in the order of the arguments and, within a folder, of the
 * paths, though the workers finish in any order.
 */
export async function* hashPaths(
  engine: Engine,
  paths: readonly (string | Buffer)[],
  options: HashPathsOptions,
): AsyncGenerator<HashedPath> {
  let files: NamedFile[] = [];
  for (const path of paths) {
    const argument = Buffer.from(path);
    const stats = statOf(argument);
    const isFolder = stats?.isDirectory() === true && options.foldersAreFailures !== true;
    if (!isFolder) files.push({ name: argument, stats });
    if (isFolder || files.length === FILES_AT_ONCE) {
      yield* hashFiles(engine, files, options);
      files = [];
    }
    if (isFolder) yield* hashFolder(engine, argument, options);
  }
  yield* hashFiles(engine, files, options);
}

interface NamedFile {
  readonly name: Buffer;
  /** `undefined`: the worker that tries to open it says why. */
  readonly stats: BigIntStats | undefined;
}

function statOf(name: Buffer): BigIntStats | undefined {
  try {
    return statSync(name, { bigint: true });
  } catch {
    return undefined;
  }
}

async function* hashFolder(
  engine: Engine,
  folder: Buffer,
  options: HashPathsOptions,
): AsyncGenerator<HashedPath> {
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const entries = engine.walk(folder, { extensions: options.extensions ?? KOREADER_EXTENSIONS, ...signal });
  const prefix = folder.at(-1) === SLASH[0] ? folder : Buffer.concat([folder, SLASH]);
  for await (const hashed of inOrder(entries, (batches) => engine.hash(folder, batches, signal))) {
    yield* outcomes(hashed, (relative) => Buffer.concat([prefix, relative]));
  }
}

async function* hashFiles(
  engine: Engine,
  files: readonly NamedFile[],
  options: HashPathsOptions,
): AsyncGenerator<HashedPath> {
  if (files.length === 0) return;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const builder = new EntryBatchBuilder();
  for (const { name, stats } of files) {
    builder.addFile(belowRoot(name), Number(stats?.size ?? 0), stats?.mtimeNs ?? 0n);
  }
  for await (const hashed of engine.hash('/', [builder.take()], signal)) {
    let index = 0;
    yield* outcomes(hashed, () => files[index++]?.name ?? Buffer.alloc(0));
  }
}

/** The absolute path without its leading `/`, one character a byte; `..` is left to the system to resolve. */
function belowRoot(name: Buffer): string {
  const absolute = name[0] === SLASH[0] ? name : Buffer.concat([Buffer.from(process.cwd()), SLASH, name]);
  return absolute.subarray(1).toString('latin1');
}

function* outcomes(hashed: HashedBatch, display: (relative: Buffer) => Buffer): Generator<HashedPath> {
  for (let index = 0; index < hashed.entries.length; index++) {
    const shown = display(hashed.entries.pathAt(index));
    const failure = hashed.failureAt(index);
    yield {
      path: shown,
      outcome:
        failure === undefined
          ? {
              state: 'hashed',
              partialMd5: digestAt(hashed.partialMd5, index),
              filenameMd5: digestAt(hashed.filenameMd5, index),
              sizeBytes: hashed.sizeBytes[index] ?? 0,
            }
          : { state: 'failed', code: failure.code, message: failure.message },
    };
  }
}

function digestAt(digests: Uint8Array, index: number): Buffer {
  return Buffer.from(digests.subarray(index * 16, index * 16 + 16));
}

/**
 * Batches that were asked for and not given back, at most: some 30 MB when they are full. More than the engine ever
 * has at work, so only a file that hangs while the others go on makes the walk wait.
 */
const BATCHES_AHEAD = 256;

/** Gives finished batches back in the order in which they were asked for. */
async function* inOrder(
  batches: AsyncIterable<EntryBatch>,
  hash: (batches: AsyncIterable<EntryBatch>) => AsyncIterable<HashedBatch>,
): AsyncGenerator<HashedBatch> {
  const asked: EntryBatch[] = [];
  const finished = new Map<EntryBatch, HashedBatch>();
  const reader = { hasLeft: false, goOn: (): void => undefined };
  const remember = async function* (): AsyncGenerator<EntryBatch> {
    for await (const batch of batches) {
      while (asked.length >= BATCHES_AHEAD && !reader.hasLeft) {
        await new Promise<void>((resolve) => {
          reader.goOn = resolve;
        });
      }
      asked.push(batch);
      yield batch;
    }
  };
  for await (const hashed of hash(remember())) {
    finished.set(hashed.entries, hashed);
    for (let next = asked[0]; next !== undefined; next = asked[0]) {
      const done = finished.get(next);
      if (done === undefined) break;
      asked.shift();
      finished.delete(next);
      let isTaken = false;
      try {
        yield done;
        isTaken = true;
      } finally {
        // Whoever ends the hashing waits for the next batch of a walk that waits here, so it must get there.
        if (!isTaken) reader.hasLeft = true;
        reader.goOn();
      }
    }
  }
}
