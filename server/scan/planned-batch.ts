import { EntryBatch } from '../../engine/index.js';
import type { FileToRecord, MergedStretch } from './library-merge.js';

/** What travels with a batch through the hashing. */
export type BatchPlan =
  /** The batch is empty: it carries what the merge decided to the commits. */
  | { readonly type: 'decided'; readonly stretch: MergedStretch }
  /** The files of the batch, entry by entry. */
  | { readonly type: 'hash'; readonly files: readonly FileToRecord[] };

/** A batch for the engine, which gives it back hashed, with its plan. */
export class PlannedBatch extends EntryBatch {
  /** In a private field, which is not copied when the engine posts the batch to a thread. */
  readonly #plan: BatchPlan;

  constructor(entries: EntryBatch, plan: BatchPlan) {
    super(entries);
    this.#plan = plan;
  }

  get plan(): BatchPlan {
    return this.#plan;
  }
}
