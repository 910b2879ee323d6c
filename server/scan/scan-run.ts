import {
  type Engine,
  type EntryBatch,
  type HashedBatch,
  KOREADER_EXTENSIONS,
  shardOfFolder,
} from '../../engine/index.js';
import type { GoneBook, BookRow } from '../book/book.js';
import type { BookId, ScanId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import { addCounts, NO_COUNTS, type ScanCounts, type ScanShard } from './scan.js';
import { type FileToRecord, LibraryMerge, type MergeDecisions, noDecisions } from './library-merge.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';
import { BatchWriter } from './batch-writer.js';
import { BatchSize } from './batch-size.js';
import { BookRows } from './known-books.js';
import { type CommitContext, commitBatch, type ScannedFile } from './scan-commit.js';
import { refuseEmptyRoot } from './empty-root.js';
import { fileAt, hashedFileAt } from './scanned-file.js';
import { commitUnhashedMoves, UnhashedMoves } from './unhashed-moves.js';

export interface FileFailure {
  readonly path: Buffer;
  readonly code: string;
  readonly message: string;
}

export interface ScanRunOptions {
  readonly store: Store;
  readonly engine: Engine;
  readonly library: Library;
  readonly scanId: ScanId;
  readonly shard: ScanShard;
  readonly regenSinceMs: number | undefined;
  readonly signal: AbortSignal;
  onBatch(this: void, counts: ScanCounts): void;
  onFailure(this: void, failure: FileFailure): void;
}

/**
 * Files of one transaction. MySQL: at 500 the commit costs a few microseconds a file. SQLite writes every page
 * of the digests' indexes that a transaction touched to its log, nearly all of them at any size, so fewer and
 * larger ones: 2,000 files took 17 µs each where 512 took 24.
 */
const COMMIT_FILES = { mysql: 500, sqlite: 2000 } as const;
/** What was hashed waits no longer than this for its batch to fill. */
const COMMIT_AFTER_MS = 1000;
/** Two transactions in flight hide the round trips to a server; SQLite has one writer. */
const MYSQL_WRITERS = 2;

/** One scan from the first folder to the last commit; made once, run once. */
export class ScanRun {
  readonly #options: ScanRunOptions;
  readonly #merge: LibraryMerge;
  readonly #known: BookRows;
  readonly #writer: BatchWriter;
  readonly #pace = new BatchSize();
  readonly #plans = new Map<EntryBatch, readonly FileToRecord[]>();
  readonly #unhashedMoves: UnhashedMoves | undefined;
  readonly #gone: GoneBook[] = [];
  #counts: ScanCounts = NO_COUNTS;
  #pending: ScannedFile[] = [];
  #pendingReturned: BookId[] = [];
  #pendingSinceMs = 0;
  #context: CommitContext | undefined;

  constructor(options: ScanRunOptions) {
    const { store, library, shard, regenSinceMs } = options;
    this.#options = options;
    this.#known = new BookRows(store, library.id);
    this.#writer = new BatchWriter(store.dialect === 'mysql' ? MYSQL_WRITERS : 1);
    this.#unhashedMoves = library.koreaderHashes ? undefined : new UnhashedMoves();
    this.#merge = new LibraryMerge({
      koreaderHashes: library.koreaderHashes,
      regenSinceMs,
      isMine: (path) =>
        shard.count === 1 ||
        shardOfFolder(path.subarray(0, Math.max(0, path.lastIndexOf(0x2f))), shard.count) === shard.index,
    });
  }

  get #commitFiles(): number {
    return COMMIT_FILES[this.#options.store.dialect];
  }

  get counts(): ScanCounts {
    return this.#counts;
  }

  async run(): Promise<void> {
    const { engine, library, signal } = this.#options;
    try {
      const options = { rootMustStay: true, signal };
      for await (const hashed of engine.hash(library.root, this.#filesToHash(), options)) {
        this.#takeHashed(hashed);
        await this.#commitWhenFull();
      }
      await this.#commitPending();
    } finally {
      await this.#writer.drain();
    }
    await this.#commitGone();
  }

  /** Walks, compares with the catalogue, and passes on what has to be read. */
  async *#filesToHash(): AsyncGenerator<EntryBatch> {
    const { engine, library, shard, signal } = this.#options;
    const entriesOf = engine.walk(library.root, {
      extensions: library.extensions === undefined ? KOREADER_EXTENSIONS : new Set(library.extensions),
      ...(shard.count === 1 ? {} : { shard }),
      signal,
    });
    let page = await this.#known.next();
    let book = 0;
    await this.#begin(page.length > 0);
    for await (const entries of entriesOf) {
      const decisions = noDecisions();
      let entry = 0;
      for (;;) {
        ({ entry, known: book } = this.#merge.merge(
          entries,
          page,
          { entry, known: book },
          decisions,
          page.length === 0,
        ));
        if (entry === entries.length) break;
        page = await this.#known.next();
        book = 0;
      }
      await this.#take(entries, decisions);
      yield* this.#planned(entries, decisions.toHash);
    }
    const decisions = noDecisions();
    for (; page.length > 0; page = await this.#known.next(), book = 0) {
      this.#merge.finish(page, book, decisions);
      for (const known of decisions.gone.splice(0)) this.#takeGone(known);
    }
  }

  async #begin(mayHoldMoved: boolean): Promise<void> {
    const { store, engine, library, scanId, signal } = this.#options;
    const startMs = await retrying(() => readDatabaseNowMs(store));
    const startedAt = performance.now();
    this.#context = {
      store,
      library,
      scanId,
      moved: new Set(),
      mayHoldMoved,
      whichAreGone: (root, paths) => engine.whichAreGone(root, paths, { signal }),
      nowMs: () => Math.floor(startMs + (performance.now() - startedAt)),
    };
  }

  /** What has to be read of a stretch of the walk, in parts that do not take long. */
  *#planned(entries: EntryBatch, toHash: readonly FileToRecord[]): Generator<EntryBatch> {
    for (let start = 0; start < toHash.length;) {
      const part = toHash.slice(start, start + this.#pace.files);
      const selected =
        part.length === entries.length ? entries : entries.select(part.map(({ entry }) => entry));
      this.#plans.set(selected, part);
      start += part.length;
      yield selected;
    }
  }

  async #take(entries: EntryBatch, decisions: MergeDecisions): Promise<void> {
    const { found, unchanged, returned, failed, gone, toCatalogue } = decisions;
    this.#count({ found, unchanged, returned: returned.length, failed: failed.length });
    for (const known of gone) this.#takeGone(known);
    for (const { path, failure } of failed) {
      this.#options.onFailure({ path, code: failure.code, message: failure.message });
    }
    this.#pendingReturned.push(...returned);
    for (const { entry, known } of toCatalogue) {
      const file = fileAt(entries, entry, known);
      this.#unhashedMoves?.found(file);
      this.#push(file);
    }
    await this.#commitWhenFull();
    this.#options.onBatch(this.#counts);
  }

  #takeGone(known: BookRow): void {
    this.#gone.push({ id: known.id, latin1Path: known.path.toString('latin1') });
    this.#unhashedMoves?.gone(known);
  }

  #takeHashed(hashed: HashedBatch): void {
    const plan = this.#plans.get(hashed.entries) ?? [];
    this.#plans.delete(hashed.entries);
    this.#pace.learn(hashed);
    let read = 0;
    let failures = 0;
    for (let index = 0; index < hashed.entries.length; index++) {
      const known = plan[index]?.known;
      const path = hashed.entries.pathAt(index);
      const failure = hashed.failureAt(index);
      if (failure === undefined) {
        read++;
        this.#push(hashedFileAt(hashed, index, known));
        continue;
      }
      failures++;
      this.#options.onFailure({ path, code: failure.code, message: failure.message });
      if (failure.code !== 'vanished') {
        this.#push({ ...fileAt(hashed.entries, index, known), failure: failure.code });
      } else if (known !== undefined && !known.missing) this.#takeGone(known);
    }
    this.#count({ hashed: read, failed: failures });
    this.#options.onBatch(this.#counts);
  }

  #push(file: ScannedFile): void {
    if (this.#pending.length === 0) this.#pendingSinceMs = performance.now();
    this.#pending.push(file);
  }

  async #commitWhenFull(): Promise<void> {
    const waiting = this.#pending.length + this.#pendingReturned.length;
    const waitedMs = performance.now() - this.#pendingSinceMs;
    if (waiting >= this.#commitFiles || (waiting > 0 && waitedMs > COMMIT_AFTER_MS))
      await this.#commitPending();
  }

  async #commitPending(): Promise<void> {
    const files = this.#pending;
    const returned = this.#pendingReturned;
    if (files.length === 0 && returned.length === 0) return;
    this.#pending = [];
    this.#pendingReturned = [];
    await this.#writer.submit(() => this.#commit({ files, returned, gone: [] }));
  }

  async #commit(batch: Parameters<typeof commitBatch>[1]): Promise<void> {
    if (this.#context === undefined) throw new Error('a scan commits nothing before it has begun');
    const counts = await commitBatch(this.#context, batch, (committed) => addCounts(this.#counts, committed));
    this.#count(counts);
  }

  /** What is gone is written only now: walk and hashing have ended well, and their root was one folder all the time. */
  async #commitGone(): Promise<void> {
    const { library, shard } = this.#options;
    if (this.#context === undefined) return;
    if (this.#counts.found === 0 && this.#gone.length > 0) await refuseEmptyRoot(library, shard);
    for (const pairs of this.#unhashedMoves?.pairs() ?? []) {
      const counts = { moved: pairs.length, added: -pairs.length };
      await commitUnhashedMoves(this.#context, pairs, addCounts(this.#counts, counts));
      this.#count(counts);
    }
    const { moved } = this.#context;
    const gone = this.#gone.filter(({ id }) => !moved.has(id));
    for (let start = 0; start < gone.length; start += this.#commitFiles) {
      const chunk = gone.slice(start, start + this.#commitFiles);
      await this.#commit({ files: [], returned: [], gone: chunk });
      this.#options.onBatch(this.#counts);
    }
  }

  #count(more: Partial<ScanCounts>): void {
    this.#counts = addCounts(this.#counts, more);
  }
}
