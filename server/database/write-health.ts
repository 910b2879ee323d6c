import { sql } from 'kysely';
import { type DatabaseFault, databaseFault } from './database-fault.js';
import type { Store } from './store.js';

/** Faults that keep a database from taking writes while it goes on answering reads. */
const WRITE_FAULTS: ReadonlySet<DatabaseFault | undefined> = new Set([
  'disk-full',
  'read-only',
  'disk-error',
]);

/**
 * Writes count as failing for this long after one has failed, even if the next one succeeds: on a full disk small writes
 * succeed now and then.
 */
const DOUBT_MS = 10_000;

/** Remembers that writes failed, because reading alone does not show it. */
export class WriteHealth {
  #fault: DatabaseFault | undefined;
  #failedMs = 0;

  /** @param error of any statement */
  note(error: unknown): void {
    const fault = databaseFault(error);
    if (!WRITE_FAULTS.has(fault)) return;
    this.#fault = fault;
    this.#failedMs = performance.now();
  }

  /** The fault that writes failed with; `undefined` if none failed since `check` found that they succeed. */
  get fault(): DatabaseFault | undefined {
    return this.#fault;
  }

  /**
   * Tries a write if writes have failed. It changes nothing: MySQL refuses it when it is read-only, and SQLite writes a
   * page of its log for it.
   *
   * @throws the database's error when the write fails
   */
  async check({ db }: Store): Promise<DatabaseFault | undefined> {
    if (this.#fault === undefined) return undefined;
    await sql`update schema_migration_lock set is_locked = is_locked`.execute(db);
    if (performance.now() - this.#failedMs >= DOUBT_MS) this.#fault = undefined;
    return this.#fault;
  }
}
