import { inspect } from 'node:util';
import { MD5_CHOICES, type Md5Choice } from '../digest/md5-kernel-choice.js';
import { READS_CHOICES, type ReadsChoice } from '../digest/sample-reader-choice.js';
import { isExtension } from '../walk/book-extensions.js';
import { isSlowPattern } from '../walk/ignore-patterns.js';
import type { Shard } from '../walk/shard.js';
import type { SkipCounts } from '../walk/walk-step.js';

export interface EngineOptions {
  /**
   * How many threads work at a time, 1 … 256. Absent: the engine measures its throughput and chooses the number
   * itself.
   */
  readonly jobs?: number;
  /** Absent: `auto`. */
  readonly md5?: Md5Choice;
  /** Absent: `auto`. */
  readonly reads?: ReadsChoice;
}

export interface WalkOptions {
  /**
   * The extensions of books: lower case, without a leading dot, at most one dot inside (`fb2.zip`).
   * `KOREADER_EXTENSIONS` is the usual set.
   */
  readonly extensions: ReadonlySet<string>;
  /**
   * Leaves out folders whose names begin with a dot, folders of recycle bins, thumbnails and snapshots, and the lock
   * files of office programs. Absent: false.
   */
  readonly skipSystem?: boolean;
  /** Patterns of what is left out, in the syntax of .gitignore, relative to the root; later ones win. Absent: none. */
  readonly ignore?: readonly string[];
  /** The name of a file directly in the root with more patterns, if it exists. They come after those of `ignore`. */
  readonly ignoreFile?: string;
  /**
   * Follows links to folders, unless they lead into the tree that the walk is in or to a folder above it. `HashOptions` and
   * `WhichAreGoneOptions` have the same option. Absent: false.
   */
  readonly followLinks?: boolean;
  /**
   * Only what lies at these places: files, and folders, which end with a slash. Relative to the root, in byte order, none
   * inside another. What a walk of the whole root leaves out is left out here too, and so are places where nothing is.
   * Absent: the whole root.
   */
  readonly within?: readonly Buffer[];
  /**
   * Called from time to time with what was left out since the last call; the sum is complete when the walk has ended. Of a
   * shard it counts what lies directly in the folders of the shard.
   */
  onSkipped?(this: void, counts: SkipCounts): void;
  /** Only the files in folders of this shard are yielded. Failures to list a folder are yielded in every shard. */
  readonly shard?: Shard;
  /** Aborting it makes the walk throw `aborted`. */
  readonly signal?: AbortSignal;
}

export interface HashOptions {
  /**
   * Checks the root before the first batch and after the last, and throws as `Engine.walk` does. Use it when files
   * that have vanished are to count as missing. A walk's own check is not enough for that, because hashing ends long
   * after the walk, and the root may be unmounted meanwhile. Absent: false.
   */
  readonly rootMustStay?: boolean;
  /** As for the walk. Absent: false. */
  readonly followLinks?: boolean;
  /** Aborting it makes the hashing throw `aborted`. */
  readonly signal?: AbortSignal;
}

export interface WhichAreGoneOptions {
  /** As for the walk. Absent: false. */
  readonly followLinks?: boolean;
  /** Aborting it makes the call reject with `aborted`. */
  readonly signal?: AbortSignal;
}

// The types forbid most of what is refused here. Programs without types, and configuration that is passed on, do not
// know them, and a wrong name must not silently mean the default.

/** A larger number of threads can only be a mistake. */
const MAX_JOBS = 256;

/** @throws RangeError that names the option and its value */
export function checkEngineOptions({ jobs, md5, reads }: EngineOptions): void {
  if (jobs !== undefined && !(Number.isInteger(jobs) && jobs >= 1 && jobs <= MAX_JOBS)) {
    throw refusal('jobs', `a whole number from 1 to ${MAX_JOBS}`, jobs);
  }
  checkName('md5', MD5_CHOICES, md5);
  checkName('reads', READS_CHOICES, reads);
}

/** @throws RangeError that names the option and its value */
export function checkWalkOptions(options: WalkOptions): void {
  const {
    extensions,
    skipSystem = false,
    followLinks = false,
    ignore = [],
    within = [],
    shard,
    signal,
  } = options;
  if (!(extensions instanceof Set)) throw refusal('extensions', 'a Set', extensions);
  for (const extension of extensions) {
    if (typeof extension !== 'string' || !isExtension(extension)) {
      throw refusal(
        'extensions',
        'in lower case, without a leading dot, with one dot inside at most',
        extension,
      );
    }
  }
  checkFlag('skipSystem', skipSystem);
  checkFlag('followLinks', followLinks);
  if (!Array.isArray(ignore) || ignore.some((line) => typeof line !== 'string' || /[\r\n]/.test(line))) {
    throw refusal('ignore', 'a list of texts of one line', ignore);
  }
  const slow = ignore.find(isSlowPattern);
  if (slow !== undefined) throw refusal('ignore', 'a pattern with one `**` at most before its end', slow);
  if (!Array.isArray(within) || !within.every((place) => place instanceof Uint8Array && place.length > 0)) {
    throw refusal('within', 'a list of paths as bytes, none empty', within);
  }
  checkSignal(signal);
  if (shard === undefined) return;
  const { index, count } = shard;
  if (!Number.isInteger(index) || !Number.isInteger(count) || index < 1 || index > count) {
    throw new RangeError(`there is no shard ${index} of ${count}`);
  }
}

/** @throws RangeError that names the option and its value */
export function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw refusal('signal', 'an AbortSignal', signal);
  }
}

/** @throws RangeError that names the option and its value */
export function checkFlag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw refusal(name, 'true or false', value);
}

function checkName(option: string, names: readonly string[], value: string | undefined): void {
  if (value !== undefined && !names.includes(value)) throw refusal(option, names.join(', '), value);
}

function refusal(option: string, wanted: string, value: unknown): RangeError {
  return new RangeError(`${option} must be ${wanted}, not ${inspect(value, { depth: 0 })}`);
}
