import type { OpenStore } from './store.js';

/**
 * Looks at the database that are repeated: they are left out while nothing has been committed since the last one, where the
 * database shows that for less than a statement. A server with SQLite that nobody uses then needs no connection.
 */
export class LookAfterCommits {
  readonly #store: Pick<OpenStore, 'stamp'>;
  #seen: string | undefined;

  constructor(store: Pick<OpenStore, 'stamp'>) {
    this.#store = store;
  }

  /** @param look resolves with whether it need not be repeated before the next commit */
  async look(look: () => Promise<boolean>): Promise<void> {
    // Before the look: what is committed during it is seen by the next one.
    const stamp = this.#store.stamp();
    if (stamp !== undefined && stamp === this.#seen) return;
    this.#seen = (await look()) ? stamp : undefined;
  }
}
