/** Where the two numbers are: turns that were given out, and turns that have ended. */
const TAKEN = 0;
const ENDED = 1;
const CELLS = 2;

/** The bytes of shared memory for one {@link SharedTurns}. */
export const TURNS_BYTES = CELLS * Int32Array.BYTES_PER_ELEMENT;

/**
 * A queue that all threads of a process stand in: each takes a number, as in front of a counter, and is served when its
 * number is up. Both numbers only grow. They may overflow: their difference stays right.
 */
export class SharedTurns {
  readonly #cells: Int32Array<SharedArrayBuffer>;

  /** @param memory {@link TURNS_BYTES} of shared memory; by default the queue is that of the calling thread alone */
  constructor(memory = new SharedArrayBuffer(TURNS_BYTES), byteOffset = 0) {
    this.#cells = new Int32Array(memory, byteOffset, CELLS);
  }

  /** @returns `undefined` when `capacity` turns have not ended; any other turn must be ended with {@link end} */
  take(capacity: number): number | undefined {
    for (;;) {
      const turn = Atomics.load(this.#cells, TAKEN);
      if (this.#before(turn) >= capacity) return undefined;
      if (Atomics.compareExchange(this.#cells, TAKEN, turn, (turn + 1) | 0) === turn) return turn;
    }
  }

  /** Whether so few turns before this one have not ended that it may begin. */
  isUp(turn: number, concurrency: number): boolean {
    return this.#before(turn) < concurrency;
  }

  end(): void {
    Atomics.add(this.#cells, ENDED, 1);
  }

  #before(turn: number): number {
    return (turn - Atomics.load(this.#cells, ENDED)) | 0;
  }
}
