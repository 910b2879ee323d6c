import { closeSync, openSync } from 'node:fs';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { O_PATH } from '../../../engine/system/libc.js';
import { databaseFault } from '../database-fault.js';
import { fileIdentity } from './file-watch.js';
import { timesOf } from './repeated-statement.js';
import type { SqliteThreadOptions } from './sqlite-messages.js';
import { lockedFor, SqliteThread } from './sqlite-thread.js';

/**
 * A Kysely dialect for one SQLite file. It has two connections, each in a thread of its own: one for transactions and
 * single writes, one for reads outside of transactions. Reads never wait for a writer (WAL).
 *
 * @param onFailure called with the error of each statement that fails
 */
export function openSqlite(
  file: string,
  onFailure?: (error: unknown) => void,
  idleMs: number = IDLE_MS,
): Dialect {
  return {
    createDriver: () => new ThreadedDriver(file, onFailure, idleMs),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new TransactionalDdlAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

/**
 * Kysely's adapter says that SQLite cannot roll schema changes back. It can, and the transaction around a migration is
 * what keeps two programs that start at once apart.
 */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** A thread that has ended is replaced, but at most once in this time: where it ends at once, each start is wasted. */
const RESTART_EVERY_MS = 1000;

/** A thread without statements is ended after 30 to 60 s, because it takes 10 MB. Another one starts within 50 ms. */
const IDLE_MS = 60_000;

/** Shorter than the wait of a push, so that the log names the lock at which pushes fail. */
const LATE_LOCK_MS = 1000;

/** One of the two connections: its thread, which is started by the first statement and replaced when it has ended. */
class ReplacedThread {
  readonly #options: SqliteThreadOptions;
  #thread: SqliteThread | undefined;
  #startedMs = -Infinity;
  /** The thread's statements at the last call of `endIfIdle`. */
  #statements = 0;
  /** Resolves when the threads that were idle have ended. */
  #ending: Promise<void> = Promise.resolve();

  constructor(options: SqliteThreadOptions) {
    this.#options = options;
  }

  /** The thread that takes statements now. One that has ended, if it is too early to replace it. */
  current(): SqliteThread {
    const nowMs = performance.now();
    if (this.#thread === undefined || (this.#thread.isEnded && nowMs - this.#startedMs >= RESTART_EVERY_MS)) {
      this.#startedMs = nowMs;
      this.#statements = 0;
      this.#thread = new SqliteThread(this.#options);
    }
    return this.#thread;
  }

  /**
   * Ends the thread when it has had no statement since the last call. No transaction may be open at the call. Statements
   * that come before the promise resolves need not wait: they start another thread.
   */
  async endIfIdle(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined || thread.isEnded) return;
    const isIdle = thread.statements === this.#statements && !thread.isWaiting;
    this.#statements = thread.statements;
    if (!isIdle) return;
    this.#thread = undefined;
    this.#ending = this.#end(thread);
    await this.#ending;
  }

  async close(): Promise<void> {
    await this.#ending;
    await this.#thread?.close();
  }

  /**
   * The last connection that closes writes SQLite's log into the file, and no other one can open the file meanwhile. After
   * a scan that may be 48 MB, so they are written before, which disturbs nobody.
   */
  async #end(thread: SqliteThread): Promise<void> {
    if (!this.#options.isReadOnly) {
      const isWritten = await thread.execute('pragma wal_checkpoint(passive)', []).then(
        () => true,
        () => false, // the file is damaged, say: closing would write into it
      );
      if (!isWritten && this.#thread === undefined) {
        this.#thread = thread;
        return;
      }
    }
    await thread.close();
  }
}

class ThreadedDriver implements Driver {
  readonly #onFailure: ((error: unknown) => void) | undefined;
  readonly #writer: ReplacedThread;
  readonly #reader: ReplacedThread;
  /** Resolves when all users of the writing connection so far have released it. */
  #writerFree: Promise<void> = Promise.resolve();
  /** Set for good when SQLite found the file damaged: what is written into it from then on may make it worse. */
  #damage: unknown;
  #isClosed = false;
  #idleTimer: NodeJS.Timeout | undefined;
  readonly #idleMs: number;
  /** Of `holdInode`. */
  readonly #held: number | undefined;

  constructor(file: string, onFailure: ((error: unknown) => void) | undefined, idleMs: number) {
    this.#onFailure = onFailure;
    this.#idleMs = idleMs;
    this.#held = holdInode(file);
    const identity = fileIdentity(file);
    this.#writer = new ReplacedThread({ file, identity, isReadOnly: false });
    this.#reader = new ReplacedThread({ file, identity, isReadOnly: true });
    this.#endIdleThreadsLater();
  }

  init(): Promise<void> {
    return Promise.resolve();
  }

  acquireConnection(): Promise<SqliteConnection> {
    return Promise.resolve(new SqliteConnection(this));
  }

  releaseConnection(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * `immediate` takes the write lock at once. A transaction that first reads and then writes would otherwise fail
   * without waiting when another process wrote in between.
   */
  async beginTransaction(connection: SqliteConnection): Promise<void> {
    const releaseWriter = await this.#acquireWriter();
    const thread = this.#writer.current();
    connection.transaction = { thread, releaseWriter };
    // SQLite itself says so only after its whole wait (BUSY_TIMEOUT_MS), when requests have long failed.
    const late = setTimeout(() => this.#onFailure?.(lockedFor(LATE_LOCK_MS)), LATE_LOCK_MS);
    try {
      await this.execute(thread, 'begin immediate', []);
    } catch (error) {
      connection.finish();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    await connection.inTransaction('commit');
    connection.finish();
  }

  /**
   * Never rejects: Kysely would throw that error instead of the one that caused the rollback. On a full or broken disk
   * SQLite has usually rolled back by itself, and `rollback` then fails because there is no transaction.
   */
  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    await connection.transaction?.thread.execute('rollback', []).catch(() => undefined);
    connection.finish();
  }

  async destroy(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    await Promise.all([this.#writer.close(), this.#reader.close()]);
    if (this.#held !== undefined) closeSync(this.#held);
  }

  async execute(
    thread: SqliteThread,
    sql: string,
    parameters: readonly unknown[],
    times = 1,
  ): Promise<QueryResult<unknown>> {
    try {
      if (this.#damage !== undefined) throw this.#damage;
      return await thread.execute(sql, parameters, times);
    } catch (error) {
      const fault = databaseFault(error);
      if (fault === 'damaged' || fault === 'not-a-database') this.#damage ??= error;
      if (!this.#isClosed) this.#onFailure?.(error);
      throw error;
    }
  }

  read(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    return this.execute(this.#reader.current(), sql, parameters);
  }

  /** Acquires the writing connection for a single statement. */
  async writeAlone(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    const releaseWriter = await this.#acquireWriter();
    try {
      return await this.execute(this.#writer.current(), sql, parameters);
    } finally {
      releaseWriter();
    }
  }

  #endIdleThreadsLater(): void {
    // A thread that is idle from one look to the next one is ended.
    this.#idleTimer = setTimeout(() => void this.#endIdleThreads(), this.#idleMs / 2);
    this.#idleTimer.unref();
  }

  async #endIdleThreads(): Promise<void> {
    // The last connection that closes writes SQLite's log into the file.
    if (this.#damage !== undefined) return;
    const releaseWriter = await this.#acquireWriter();
    const ending = [this.#writer.endIfIdle(), this.#reader.endIfIdle()];
    releaseWriter();
    await Promise.all(ending);
    if (!this.#isClosed) this.#endIdleThreadsLater();
  }

  /** A mutex for the writing connection, in the order of the calls. Resolves with the function that releases it. */
  async #acquireWriter(): Promise<() => void> {
    const before = this.#writerFree;
    let releaseWriter = (): void => undefined;
    this.#writerFree = new Promise((resolve) => {
      releaseWriter = resolve;
    });
    await before;
    return releaseWriter;
  }
}

/**
 * Until the descriptor is closed, no other file gets the inode number of this one. Without threads nothing
 * has the file open, and ext4 gives the number of a deleted file to the next new one: a backup in its place would pass for
 * it. O_PATH, because closing a descriptor of the usual kind takes SQLite's locks from the whole process.
 *
 * @returns `undefined` where the system cannot do that, or no file is
 */
function holdInode(file: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return openSync(file, O_PATH);
  } catch {
    return undefined; // what is wrong with the file is said when it is opened
  }
}

/**
 * Statements for the reading connection. It refuses writes, so no statement that writes may begin with a common table
 * expression.
 */
const READS = /^\s*(?:select|with)\b/i;

class SqliteConnection implements DatabaseConnection {
  readonly #driver: ThreadedDriver;
  /**
   * Set while a transaction is open. Its statements run in the thread in which it began: if that thread is replaced,
   * they must fail instead of running outside of a transaction.
   */
  transaction: { readonly thread: SqliteThread; readonly releaseWriter: () => void } | undefined;

  constructor(driver: ThreadedDriver) {
    this.#driver = driver;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.#execute(query, timesOf(query));
    // Only Kysely's caller knows the type of the rows.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return result as QueryResult<R>;
  }

  /** Nothing is streamed: each result is held in memory as a whole, and callers read tables in pages. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  /** Ends the transaction: the next writer may start. */
  finish(): void {
    this.transaction?.releaseWriter();
    this.transaction = undefined;
  }

  /** Runs a statement of the open transaction. */
  inTransaction(sql: string, parameters: readonly unknown[] = [], times = 1): Promise<QueryResult<unknown>> {
    if (this.transaction === undefined) return Promise.reject(new Error('no transaction is open'));
    return this.#driver.execute(this.transaction.thread, sql, parameters, times);
  }

  #execute({ sql, parameters }: CompiledQuery, times: number): Promise<QueryResult<unknown>> {
    if (this.transaction !== undefined) return this.inTransaction(sql, parameters, times);
    if (times !== 1) return Promise.reject(new Error('a repeated statement needs a transaction'));
    return READS.test(sql) ? this.#driver.read(sql, parameters) : this.#driver.writeAlone(sql, parameters);
  }
}
