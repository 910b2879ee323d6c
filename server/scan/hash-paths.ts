import { type BigIntStats, realpathSync, statSync } from 'node:fs';
import {
  type Engine,
  EngineError,
  type EntryBatch,
  EntryBatchBuilder,
  type HashedBatch,
  KOREADER_EXTENSIONS,
} from '../../engine/index.js';
import { digestAt } from './scanned-file.js';

export interface HashedPath {
  /** Bytes: the argument as it was given, or, for a file below a folder, that argument, a slash and the path below it. */
  readonly path: Buffer;
  readonly outcome:
    | {
        readonly state: 'hashed';
        /** 16 bytes each; views into a batch, which nobody writes to any more. */
        readonly partialMd5: Buffer;
        readonly filenameMd5: Buffer;
        readonly sizeBytes: number;
      }
    | { readonly state: 'failed'; readonly code: string; readonly message: string };
}

export interface HashPathsOptions {
  /**
   * Which files of a folder are hashed: extensions in lower case without a leading dot. Default: all that KOReader opens.
   * A file that is an argument itself is hashed whatever its name.
   */
  readonly extensions?: ReadonlySet<string>;
  /** A folder among the arguments is not walked. It fails as a file would (`not-regular`). */
  readonly foldersAreFailures?: boolean;
  readonly signal?: AbortSignal;
}

/** Arguments that are files and are hashed as one batch. */
const FILES_AT_ONCE = 256;

const SLASH = Buffer.from('/');

/**
 * Hashes files and, below folders, every book. Results come in the order of the arguments and, within a folder, in byte
 * order of the paths, although the threads finish in any order. Needs no library and no database. What is read ahead is
 * bounded, so a reader may take its time, and may leave at any time.
 *
 * A file that cannot be hashed is a result with `state: 'failed'`, with a code of the engine (`unreadable`, `vanished`, …);
 * so is a folder that cannot be listed, and a path where nothing is. A folder among the arguments that cannot be read, or goes
 * away meanwhile, has the code `root-missing`, `root-not-a-folder`, `root-is-link`, `root-unreadable` or `root-changed`.
 *
 * @param paths absolute, or relative to the current folder; bytes where a name is no UTF-8
 * @throws EngineError `aborted` when the signal aborts; `closed`, `worker-failed`
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
  /** `undefined`: it could not be looked at. The thread that opens the file will meet the reason and report it. */
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
  const root = withoutLinks(folder);
  const entries = engine.walk(root, { extensions: options.extensions ?? KOREADER_EXTENSIONS, ...signal });
  const prefix = folder.at(-1) === SLASH[0] ? folder : Buffer.concat([folder, SLASH]);
  try {
    for await (const hashed of inOrderOfWalk(entries, (batches) => engine.hash(root, batches, signal))) {
      yield* outcomes(hashed, (relative) => Buffer.concat([prefix, relative]));
    }
  } catch (error) {
    // The arguments after this one are hashed all the same, as after a file that fails.
    if (!(error instanceof EngineError) || !error.code.startsWith('root-')) throw error;
    yield { path: folder, outcome: { state: 'failed', code: error.code, message: error.message } };
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
  const pathOf = pathsBelowTop();
  for (const { name, stats } of files) {
    builder.addFile(pathOf(name), Number(stats?.size ?? 0), stats?.mtimeNs ?? 0n);
  }
  for await (const hashed of engine.hash('/', [builder.take()], signal)) {
    let index = 0;
    yield* outcomes(hashed, () => files[index++]?.name ?? Buffer.alloc(0));
  }
}

/**
 * For each file, the absolute path without its leading `/`, one character a byte. The engine follows no links to folders, so
 * those on the way to a file that somebody names are resolved here: once for files in one folder that follow each other.
 */
function pathsBelowTop(): (name: Buffer) => string {
  let last: { readonly folder: Buffer; readonly resolved: string } = {
    folder: Buffer.alloc(0),
    resolved: '',
  };
  return (name) => {
    const nameStart = name.lastIndexOf(SLASH) + 1;
    const folder = nameStart === 0 ? Buffer.from('.') : name.subarray(0, nameStart);
    if (!last.folder.equals(folder)) last = { folder, resolved: belowTop(withoutLinks(folder)) };
    // After a slash at the end comes the folder itself.
    return `${last.resolved}${name.toString('latin1', nameStart) || '.'}`;
  };
}

function belowTop(folder: Buffer): string {
  const path = folder.subarray(1).toString('latin1');
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

/** The absolute path of a folder, its links resolved. Where that fails, the engine will meet the reason and report it. */
function withoutLinks(folder: Buffer): Buffer {
  try {
    return realpathSync.native(folder, 'buffer');
  } catch {
    return folder[0] === SLASH[0] ? folder : Buffer.concat([Buffer.from(process.cwd()), SLASH, folder]);
  }
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

/**
 * Batches that were pulled from the walk and not given to the reader yet, at most: some 30 MB when they are full. The
 * engine never works on as many, so the walk only waits where one file hangs while the others go on.
 */
const BATCHES_AHEAD = 256;

/** Gives hashed batches back in the order in which they were pulled. */
async function* inOrderOfWalk(
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
        // Ending the engine's run waits for the batch that it asked for last. So the walk must not wait for the reader then.
        if (!isTaken) reader.hasLeft = true;
        reader.goOn();
      }
    }
  }
}
