import { EntryBatch } from '../walk/entry-batch.js';
import { joinBatches } from '../walk/entry-batch-join.js';
import type { Shard } from '../walk/shard.js';
import type { SkipCounts } from '../walk/walk-step.js';
import { PATH_SEPARATOR, type WalkResult } from './messages.js';
import { RunControl } from './run-control.js';
import {
  BATCH_ENTRIES,
  WALK_FLUSH_MS,
  WALK_GATHER_MS,
  WALK_READ_AHEAD_BYTES,
  WALK_TASK_PATHS,
  WALK_WAVE_PATHS,
} from './task-sizes.js';
import type { ScheduledTask, TaskScheduler, TaskSource } from './task-scheduler.js';
import { WalkPace } from './walk-pace.js';

export interface WalkRunOptions {
  /** Absolute, latin1, ends with a slash. */
  readonly root: string;
  readonly extensions: ReadonlySet<string>;
  readonly skipSystem: boolean;
  readonly followLinks: boolean;
  readonly shard: Shard | undefined;
  /** Whether threads can visit many paths at a time. */
  readonly canWave: boolean;
  /** Whether the root lies on a disk whose arm has to move. */
  readonly isSpinning: boolean;
  /** A batch of fewer entries waits longer for more of them. */
  readonly minBatchEntries: number;
  readonly signal: AbortSignal | undefined;
  readonly onSkipped?: ((counts: SkipCounts) => void) | undefined;
}

/** What an entry takes besides its path: the path's end (4), a size (8), a time (8) and a mark (8). */
const ENTRY_BYTES = 28;

/** A consecutive part of the walk: already visited, being visited by a thread, or still to be visited. */
type Segment =
  | { readonly state: 'found'; readonly batches: readonly EntryBatch[]; next: number }
  | { readonly state: 'running' }
  | { readonly state: 'pending'; readonly paths: readonly string[]; next: number };

/**
 * Keeps a walk in order while many threads read ahead. The walk is a list of segments. A thread takes the first paths
 * of the first pending segment; the entries that it found and the paths that it did not visit then replace that part
 * of the list. So the list never holds more than the tasks in flight, a bounded number of entries that were found
 * ahead, and the unvisited names of the folders that the walk is in.
 */
export class WalkRun implements TaskSource {
  readonly control: RunControl;
  /** In the syntax of .gitignore, one a line. To be set before `results` is called. */
  ignore = '';
  /** Where the walk begins, in its order. To be set before `results` is called. */
  start: readonly string[] = [''];
  private readonly scheduler: TaskScheduler;
  private readonly options: WalkRunOptions;
  private readonly extensions: string;
  private readonly segments: Segment[] = [];
  private bytesAhead = 0;
  private readonly pace: WalkPace;

  constructor(scheduler: TaskScheduler, options: WalkRunOptions) {
    this.scheduler = scheduler;
    this.options = options;
    this.extensions = [...options.extensions].join(PATH_SEPARATOR);
    this.pace = new WalkPace(options);
    this.control = new RunControl(options.signal);
  }

  /**
   * Yields the batches in the order of the walk. A batch is filled from several folders unless that takes longer than
   * `WALK_FLUSH_MS`, or `WALK_GATHER_MS` for a small one. The caller must call `control.end()` afterwards.
   */
  async *results(): AsyncGenerator<EntryBatch, void, undefined> {
    const gathered = new GatheredEntries();
    if (this.start.length > 0) this.segments.push({ state: 'pending', paths: this.start, next: 0 });
    try {
      this.scheduler.add(this);
      for (;;) {
        this.control.throwIfFailed();
        const next = this.takeFound();
        if (next) {
          if (!gathered.hasRoomFor(next)) yield gathered.take();
          gathered.add(next);
        } else if (this.segments.length === 0) {
          if (gathered.entries > 0) yield gathered.take();
          return;
        } else if (gathered.entries > 0 && this.isDue(gathered)) yield gathered.take();
        else await this.control.wait(gathered.entries > 0 ? WALK_FLUSH_MS : undefined);
      }
    } finally {
      this.scheduler.remove(this);
    }
  }

  private isDue({ entries, waitedMs }: GatheredEntries): boolean {
    return waitedMs >= (entries < this.options.minBatchEntries ? WALK_GATHER_MS : WALK_FLUSH_MS);
  }

  nextTask(): ScheduledTask | undefined {
    if (this.control.isOver) return undefined;
    const at = this.segments.findIndex(({ state }) => state === 'pending');
    const segment = this.segments[at];
    if (segment?.state !== 'pending') return undefined;
    if (at > 0 && this.bytesAhead >= WALK_READ_AHEAD_BYTES) return undefined;
    const visits = this.pace.next();
    if (visits === 'later') return undefined;
    const left = segment.paths.length - segment.next;
    const most =
      visits === 'in waves'
        ? WALK_WAVE_PATHS
        : Math.min(Math.ceil(left / this.scheduler.concurrency), WALK_TASK_PATHS);
    const running: Segment = { state: 'running' };
    const paths = this.takePaths(at, most, running);
    const { control, options } = this;
    control.taskStarted();
    return {
      kind: 'walk',
      task: {
        kind: 'walk',
        root: options.root,
        paths: paths.join(PATH_SEPARATOR),
        extensions: this.extensions,
        skipSystem: options.skipSystem,
        ignore: this.ignore,
        followLinks: options.followLinks,
        shard: options.shard,
        inWaves: visits === 'in waves',
        cancel: control.cancel,
      },
      done: (result) => {
        this.pace.ended(result.msPerPath);
        if (!control.isOver) this.accept(running, result);
        control.taskEnded();
      },
      fail: (error) => {
        this.pace.ended(undefined);
        control.fail(error);
        control.taskEnded();
      },
    };
  }

  /** Takes paths that follow each other, also out of several segments: a wave of few paths takes as long as one of many. */
  private takePaths(at: number, most: number, running: Segment): readonly string[] {
    const paths: string[] = [];
    let end = at;
    for (
      let segment = this.segments[end];
      segment?.state === 'pending' && paths.length < most;
      segment = this.segments[end]
    ) {
      const taken = segment.paths.slice(segment.next, segment.next + most - paths.length);
      paths.push(...taken);
      segment.next += taken.length;
      if (segment.next < segment.paths.length) break;
      end += 1;
    }
    this.segments.splice(at, end - at, running);
    return paths;
  }

  private accept(running: Segment, result: WalkResult): void {
    const { folders, systemFiles } = result.skipped;
    if (folders > 0 || systemFiles > 0) this.options.onSkipped?.(result.skipped);
    this.replace(running, result);
  }

  private replace(running: Segment, result: WalkResult): void {
    const segments: Segment[] = [];
    for (const part of result.parts) {
      if (part.batches.length > 0) {
        const batches = part.batches.map((packed) => new EntryBatch(packed));
        for (const batch of batches) this.bytesAhead += bytesOf(batch);
        segments.push({ state: 'found', batches, next: 0 });
      }
      if (part.pending !== undefined) {
        segments.push({ state: 'pending', paths: part.pending.split(PATH_SEPARATOR), next: 0 });
      }
    }
    this.segments.splice(this.segments.indexOf(running), 1, ...segments);
  }

  /** Returns the next batch in order if it has been found. */
  private takeFound(): EntryBatch | undefined {
    const first = this.segments[0];
    if (first?.state !== 'found') return undefined;
    const batch = first.batches[first.next];
    first.next += 1;
    if (first.next === first.batches.length) this.segments.shift();
    if (batch) this.bytesAhead -= bytesOf(batch);
    // There may be room again to read ahead.
    this.scheduler.fill();
    return batch;
  }
}

function bytesOf(batch: EntryBatch): number {
  return batch.pathBytes.length + batch.length * ENTRY_BYTES;
}

/** Collects small batches until they fill one batch. */
class GatheredEntries {
  entries = 0;
  private batches: EntryBatch[] = [];
  private sinceMs = 0;

  /** The time since the first batch was added. */
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
