/** A number that all threads of a process share, in one cell of shared memory. */
export class SharedCount {
  readonly #cell: Int32Array<SharedArrayBuffer>;

  /** @param cell one element; by default the number belongs to the calling thread alone */
  constructor(cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))) {
    this.#cell = cell;
  }

  get value(): number {
    return Atomics.load(this.#cell, 0);
  }

  /** Adds one unless the number has reached the limit. @returns whether it was added */
  tryAdd(limit: number): boolean {
    for (let value = this.value; value < limit; value = this.value) {
      if (Atomics.compareExchange(this.#cell, 0, value, value + 1) === value) return true;
    }
    return false;
  }

  subtract(): void {
    Atomics.sub(this.#cell, 0, 1);
  }
}
