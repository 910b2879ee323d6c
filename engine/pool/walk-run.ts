import { EntryBatch } from '../walk/entry-batch.js';
import { joinBatches } from '../walk/entry-batch-join.js';
import type { Shard } from '../walk/shard.js';
import { PATH_SEPARATOR, type WalkResult } from './messages.js';
import { RunControl } from './run-control.js';
import { BATCH_ENTRIES, WALK_FLUSH_MS, WALK_READ_AHEAD_BYTES, WALK_TASK_PATHS } from './task-sizes.js';
import type { Work, WorkSlots, WorkSource } from './task-scheduler.js';

export interface WalkRunOptions {
  /** Absolute, latin1, with a slash at its end. */
  readonly root: string;
  readonly extensions: ReadonlySet<string>;
  readonly shard: Shard | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A path's end, a size and a time. */
const ENTRY_BYTES = 20;

/** A stretch of the walk, in its order: looked at, being looked at in a thread, or still to be looked at. */
type Stretch =
  | { readonly state: 'found'; readonly batches: readonly EntryBatch[]; next: number }
  | { readonly state: 'running' }
  | { readonly state: 'pending'; readonly paths: readonly string[]; next: number };

/**
 * Keeps a walk in order while many threads look ahead. The walk is a list of stretches; a thread takes the first paths
 * of the first pending one, and what it found, and what it left to do, takes their place. So the list never holds more
 * than what is in flight, the entries found ahead (bounded), and the names of the folders on the way.
 */
export class WalkRun implements WorkSource {
  readonly control: RunControl;
  private readonly slots: WorkSlots;
  private readonly options: WalkRunOptions;
  private readonly extensions: string;
  private readonly stretches: Stretch[] = [{ state: 'pending', paths: [''], next: 0 }];
  private bytesAhead = 0;

  constructor(slots: WorkSlots, options: WalkRunOptions) {
    this.slots = slots;
    this.options = options;
    this.extensions = [...options.extensions].join(PATH_SEPARATOR);
    this.control = new RunControl(options.signal);
  }

  /** To be followed by the control's `end()`. Batches in the order of the walk, filled up across folders as long as that does not take long. */
  async *results(): AsyncGenerator<EntryBatch, void, undefined> {
    const gathered = new GatheredEntries();
    try {
      this.slots.add(this);
      for (;;) {
        this.control.throwIfFailed();
        const next = this.takeFound();
        if (next) {
          if (!gathered.hasRoomFor(next)) yield gathered.take();
          gathered.add(next);
        } else if (this.stretches.length === 0) {
          if (gathered.entries > 0) yield gathered.take();
          return;
        } else if (gathered.entries > 0 && gathered.waitedMs >= WALK_FLUSH_MS) yield gathered.take();
        else await this.control.wait(gathered.entries > 0 ? WALK_FLUSH_MS : undefined);
      }
    } finally {
      this.slots.remove(this);
    }
  }

  nextWork(): Work | undefined {
    if (this.control.isOver) return undefined;
    const at = this.stretches.findIndex(({ state }) => state === 'pending');
    const stretch = this.stretches[at];
    if (stretch?.state !== 'pending') return undefined;
    if (at > 0 && this.bytesAhead >= WALK_READ_AHEAD_BYTES) return undefined;
    const left = stretch.paths.length - stretch.next;
    const count = Math.min(Math.ceil(left / this.slots.jobs), WALK_TASK_PATHS);
    const paths = stretch.paths.slice(stretch.next, stretch.next + count);
    stretch.next += count;
    const running: Stretch = { state: 'running' };
    this.stretches.splice(at, count === left ? 1 : 0, running);
    const { control, options } = this;
    control.taskStarted();
    return {
      kind: 'walk',
      task: {
        kind: 'walk',
        root: options.root,
        paths: paths.join(PATH_SEPARATOR),
        extensions: this.extensions,
        shard: options.shard,
        cancel: control.cancel,
      },
      done: (result) => {
        if (!control.isOver) this.replace(running, result);
        control.taskEnded();
      },
      fail: (error) => {
        control.fail(error);
        control.taskEnded();
      },
    };
  }

  private replace(running: Stretch, result: WalkResult): void {
    const stretches: Stretch[] = [];
    if (result.batches.length > 0) {
      const batches = result.batches.map((packed) => new EntryBatch(packed));
      for (const batch of batches) this.bytesAhead += bytesOf(batch);
      stretches.push({ state: 'found', batches, next: 0 });
    }
    if (result.pending !== undefined) {
      stretches.push({ state: 'pending', paths: result.pending.split(PATH_SEPARATOR), next: 0 });
    }
    this.stretches.splice(this.stretches.indexOf(running), 1, ...stretches);
  }

  /** The next batch in order, when it is there. */
  private takeFound(): EntryBatch | undefined {
    const first = this.stretches[0];
    if (first?.state !== 'found') return undefined;
    const batch = first.batches[first.next];
    first.next += 1;
    if (first.next === first.batches.length) this.stretches.shift();
    if (batch) this.bytesAhead -= bytesOf(batch);
    // There may be room again to look ahead.
    this.slots.fill();
    return batch;
  }
}

function bytesOf(batch: EntryBatch): number {
  return batch.pathBytes.length + batch.length * ENTRY_BYTES;
}

/** Small batches on their way to be one of full size. */
class GatheredEntries {
  entries = 0;
  private batches: EntryBatch[] = [];
  private sinceMs = 0;

  /** Since the first of them came. */
  get waitedMs(): number {
    return performance.now() - this.sinceMs;
  }

  hasRoomFor(batch: EntryBatch): boolean {
    return this.entries === 0 || this.entries + batch.length <= BATCH_ENTRIES;
  }

  add(batch: EntryBatch): void {
    if (this.entries === 0) this.sinceMs = performance.now();
    this.entries += batch.length;
    this.batches.push(batch);
  }

  take(): EntryBatch {
    const joined = joinBatches(this.batches);
    this.batches = [];
    this.entries = 0;
    return joined;
  }
}
