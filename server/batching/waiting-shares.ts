/** Counts what each owner has in a queue, so that one owner cannot fill it and leave no room for the others. */
export class WaitingShares {
  readonly #largest: number;
  readonly #counts = new Map<number, number>();

  /** @param largest the most that one owner may have in the queue; the entry that crosses it is still accepted */
  constructor(largest: number) {
    this.#largest = largest;
  }

  /** @returns `false`, and counts nothing, when the owner's share is used up */
  add(owner: number, count: number): boolean {
    const before = this.#counts.get(owner) ?? 0;
    if (before >= this.#largest) return false;
    this.#counts.set(owner, before + count);
    return true;
  }

  remove(owner: number, count: number): void {
    const left = (this.#counts.get(owner) ?? 0) - count;
    if (left > 0) this.#counts.set(owner, left);
    else this.#counts.delete(owner);
  }

  clear(): void {
    this.#counts.clear();
  }
}
