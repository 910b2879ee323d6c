/**
 * Storage that takes this long for a path answers late: something waits. A path in the caches takes 10 to 20 µs, one on a
 * solid-state disk that is not in them 100, one on a file server or a disk that seeks 500 or more.
 */
const LATE_MS_PER_PATH = 0.15;
/**
 * The same for a disk that spins: a seek takes 5 to 10 ms, and a folder one or two of them. Virtual disks often say that they
 * spin although they lie on solid-state disks; those answer sooner.
 */
const SEEK_MS_PER_PATH = 1;

/**
 * While paths are visited in waves, every so many tasks visit them one after the other, which shows whether the storage
 * still answers late: the time of a wave does not tell, because its threads take some of it.
 */
const WAVES_BETWEEN_STEPS = 16;

/**
 * How the next task of a walk is to visit its paths:
 *
 * - `in steps`: one after the other. All threads have such tasks.
 * - `in waves`: many at a time.
 * - `later`: not now, because a task is in flight.
 */
export type WalkVisits = 'in steps' | 'in waves' | 'later';

export interface WalkPaceOptions {
  readonly canWave: boolean;
  readonly isSpinning: boolean;
}

/**
 * How many paths a walk visits at a time, by the time that one takes. Storage that answers at once costs processor time
 * alone: as many as there are threads. A file server that answers late does not get slower by many questions at a time. A
 * spinning disk does, because its arm has to move between them: one at a time, unless the folders are in the caches.
 */
export class WalkPace {
  readonly #options: WalkPaceOptions;
  #isLate = false;
  #tasks = 0;
  #waves = 0;

  constructor(options: WalkPaceOptions) {
    this.#options = options;
  }

  /** To be called for each task; the caller must make it unless the answer is `later`. */
  next(): WalkVisits {
    const { canWave, isSpinning } = this.#options;
    if (this.#isLate && isSpinning && this.#tasks > 0) return 'later';
    this.#tasks += 1;
    if (!this.#isLate || isSpinning || !canWave) return 'in steps';
    this.#waves = (this.#waves + 1) % WAVES_BETWEEN_STEPS;
    return this.#waves === 0 ? 'in steps' : 'in waves';
  }

  /** @param msPerPath of a task that has ended; undefined if it went in waves or failed */
  ended(msPerPath: number | undefined): void {
    this.#tasks -= 1;
    if (msPerPath !== undefined) {
      this.#isLate = msPerPath >= (this.#options.isSpinning ? SEEK_MS_PER_PATH : LATE_MS_PER_PATH);
    }
  }
}
