import { type EntryFailure, failureOfCode } from '../failure.js';
import type { EntryState } from '../system/open-folder.js';
import { StableInodes } from '../system/stable-inodes.js';
import { NO_STATE_MARK } from '../system/state-mark.js';
import type { EntryBatch } from './entry-batch.js';
import { EntryBatchBuilder } from './entry-batch-builder.js';
import { SystemPaths } from './system-entries.js';

export interface FoundEntriesOptions {
  /** Absolute, latin1, ends with a slash. */
  readonly root: string;
  /** Whether the walk leaves system files out. Otherwise they are counted. */
  readonly skipSystem: boolean;
  /** Maximum number of entries in one batch. */
  readonly batchEntries: number;
}

/** Collects what a step of a walk finds, in the order of the walk. */
export class FoundEntries {
  count = 0;
  systemFiles = 0;
  readonly #options: FoundEntriesOptions;
  /** For one step: a device that is mounted later may have the number of an earlier one. */
  readonly #stableInodes = new StableInodes();
  #lastDevice: { readonly device: number; readonly isStable: boolean } | undefined;
  readonly #systemPaths: SystemPaths | undefined;
  readonly #builder = new EntryBatchBuilder();
  readonly #batches: EntryBatch[] = [];

  constructor(options: FoundEntriesOptions) {
    this.#options = options;
    this.#systemPaths = options.skipSystem ? undefined : new SystemPaths();
  }

  /** @param path relative to the root, latin1 */
  addFile(path: string, found: EntryState | EntryFailure): void {
    if ('code' in found) this.#next().addFailure(path, found);
    else if (found.kind === 'file') {
      const mark = this.#isStable(found.device, path) ? found.mark : NO_STATE_MARK;
      this.#next().addFile(path, found.sizeBytes, found.modifiedNs, mark);
    } else if (found.kind === 'other') this.#next().addFailure(path, failureOfCode('not-regular'));
    // A link to a folder, with the name of a book, is skipped: it is not a book, and links to folders are not followed.
    else return;
    if (this.#systemPaths?.has(path) === true) this.systemFiles += 1;
  }

  /** @param path as `addFile` has it; of a folder that could not be listed */
  addFolderFailure(path: string, failure: EntryFailure): void {
    this.#next().addFailure(path, failure);
  }

  take(): EntryBatch[] {
    if (this.#builder.length > 0) this.#batches.push(this.#builder.take());
    return this.#batches.splice(0);
  }

  /** Remembers the answer for the last device: files of one come together. */
  #isStable(device: number, path: string): boolean {
    if (this.#lastDevice?.device !== device) {
      const folder = path.slice(0, path.lastIndexOf('/') + 1);
      this.#lastDevice = { device, isStable: this.#stableInodes.on(device, this.#options.root, folder) };
    }
    return this.#lastDevice.isStable;
  }

  /** Returns the builder, which then has room for one more entry, and counts that entry. */
  #next(): EntryBatchBuilder {
    if (this.#builder.length === this.#options.batchEntries) this.#batches.push(this.#builder.take());
    this.count += 1;
    return this.#builder;
  }
}
