import type { HashedBatch } from '../../engine/index.js';
import type { BookRow } from '../book/book.js';
import { COMMIT_FILES, CommitQueue } from './commit-queue.js';
import type { GoneBooks } from './gone-books.js';
import type { FileToRecord, MergedStretch } from './library-merge.js';
import type { PlannedBatch } from './planned-batch.js';
import { addCounts, type FileFailure, type RunningCounts, type ScanCounts } from './scan.js';
import { commitBatch, type CommitContext, commitMissing } from './scan-commit.js';
import { commitRewrittenRenames } from './rewritten-renames.js';
import { fileAt, hashedFileAt } from './scanned-file.js';
import { commitUnhashedMoves, UnhashedMoves } from './unhashed-moves.js';

/** What a scan tells while it runs. */
export interface ScanListener {
  /** The pipeline adds to these; others may read them at any time. */
  readonly counts: RunningCounts;
  /** After every batch; must return quickly. */
  onBatch(this: void, counts: ScanCounts): void;
  onFailure(this: void, failure: FileFailure): void;
}

/** The last stage of a scan: writes what was decided and hashed, and remembers what can only be written at the end. */
export class CommitStage {
  readonly #context: CommitContext;
  readonly #listener: ScanListener;
  readonly #queue: CommitQueue;
  /** Where there was no book before there is none to move. */
  readonly #unhashedMoves: UnhashedMoves | undefined;

  constructor(context: CommitContext, listener: ScanListener) {
    this.#context = context;
    this.#listener = listener;
    const { store, library, mayHoldMoved } = context;
    this.#unhashedMoves = library.koreaderHashes || !mayHoldMoved ? undefined : new UnhashedMoves();
    this.#queue = new CommitQueue(store.dialect, async (batch) => {
      this.#count(await commitBatch(context, batch, (committed) => this.#countsAfter(committed)));
    });
  }

  /** Takes the next batch, and waits while the database is behind. Throws the first failure of the database. */
  async take(batch: HashedBatch<PlannedBatch>): Promise<void> {
    const { plan } = batch.entries;
    switch (plan.type) {
      case 'decided':
        this.#takeDecisions(plan.stretch);
        break;
      case 'hash':
        this.#takeHashed(batch, plan.files);
        // Before the wait below, so that progress is shown while the database is behind, and even if its commit fails.
        this.#listener.onBatch(this.#listener.counts.current);
        break;
      default:
        plan satisfies never;
    }
    await this.#queue.commitWhenFull();
    if (plan.type === 'decided') this.#listener.onBatch(this.#listener.counts.current);
  }

  commitRest(): Promise<void> {
    return this.#queue.commitRest();
  }

  /** Waits for all transactions, whatever happened. To be called before `commitMoves` and `commitMissing`. */
  async drain(): Promise<void> {
    const { keptClaims } = this.#context;
    try {
      await this.#queue.drain();
    } catch (error) {
      // What was committed has its claims all the same, where the database still answers.
      await keptClaims.end().catch(() => undefined);
      throw error;
    }
    await keptClaims.end();
  }

  /** In a library without digests: joins the gone books and the new files that are the same. */
  async commitMoves(): Promise<void> {
    for (const moves of this.#unhashedMoves?.pairs() ?? []) {
      const counts = { moved: moves.length, added: -moves.length };
      await commitUnhashedMoves(this.#context, moves, this.#countsAfter(counts));
      this.#count(counts);
    }
  }

  /** Joins gone books with new files that are the same books, renamed and rewritten. */
  async commitRenames(): Promise<void> {
    const { library, mayHoldMoved, gone } = this.#context;
    if (
      !library.koreaderHashes ||
      !mayHoldMoved ||
      gone.isEmpty ||
      this.#listener.counts.current.added === 0
    ) {
      return;
    }
    const renamed = (joined: number) => ({ moved: joined, added: -joined });
    await commitRewrittenRenames(
      this.#context,
      (joined) => this.#countsAfter(renamed(joined)),
      (joined) => this.#count(renamed(joined)),
    );
  }

  /** @returns how many books were marked missing */
  async commitMissing(gone: GoneBooks): Promise<number> {
    let total = 0;
    for (const ids of gone.missing(COMMIT_FILES[this.#context.store.dialect])) {
      const missing = await commitMissing(this.#context, ids, (marked) =>
        this.#countsAfter({ missing: marked }),
      );
      total += missing;
      this.#count({ missing });
      this.#listener.onBatch(this.#listener.counts.current);
    }
    return total;
  }

  #takeDecisions({ entries, decisions }: MergedStretch): void {
    const { found, unchanged, rechecked, returned, failed, gone, marked, toCatalogue } = decisions;
    this.#count({ found, unchanged, rechecked, returned: returned.length, failed: failed.length });
    for (const book of gone) this.#takeGone(book);
    for (const { path, failure } of failed) {
      this.#listener.onFailure({ path, code: failure.code, message: failure.message });
    }
    this.#queue.addReturned(returned);
    this.#queue.addMarked(marked);
    for (const { entry, known } of toCatalogue) {
      const file = fileAt(entries, entry, known);
      this.#unhashedMoves?.addFound(file);
      this.#queue.add(file);
    }
  }

  #takeHashed(hashed: HashedBatch, files: readonly FileToRecord[]): void {
    let failed = 0;
    for (const [index, { known }] of files.entries()) {
      const failure = hashed.failureAt(index);
      if (failure === undefined) {
        this.#queue.add(hashedFileAt(hashed, index, known));
        continue;
      }
      failed++;
      const path = hashed.entries.pathAt(index);
      this.#listener.onFailure({ path, code: failure.code, message: failure.message });
      if (failure.code !== 'vanished') {
        this.#queue.add({ ...fileAt(hashed.entries, index, known), failure: failure.code });
      } else if (known !== undefined && !known.missing) this.#takeGone(known);
    }
    this.#count({ hashed: files.length - failed, failed });
  }

  #takeGone(book: BookRow): void {
    this.#context.gone.addGone(book.id);
    this.#unhashedMoves?.addGone(book);
  }

  #countsAfter(more: Partial<ScanCounts>): ScanCounts {
    return addCounts(this.#listener.counts.current, more);
  }

  #count(more: Partial<ScanCounts>): void {
    this.#listener.counts.add(more);
  }
}
