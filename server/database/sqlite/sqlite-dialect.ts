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
import { SqliteThread } from './sqlite-thread.js';

/**
 * A Kysely dialect for one SQLite file. It has two connections, each in a thread of its own: one for transactions and
 * single writes, one for reads outside of transactions. Reads never wait for a writer (WAL).
 */
export function openSqlite(file: string): Dialect {
  return {
    createDriver: () => new ThreadedDriver(file),
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

class ThreadedDriver implements Driver {
  readonly #file: string;
  #writer: SqliteThread | undefined;
  #reader: SqliteThread | undefined;
  /** Resolves when all users of the writing connection so far have released it. */
  #writerFree: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
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
    connection.releaseWriter = await this.#acquireWriter();
    try {
      await this.write('begin immediate', []);
    } catch (error) {
      connection.finish();
      throw error;
    }
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    await this.write('commit', []);
    connection.finish();
  }

  /**
   * Never rejects: Kysely would throw that error instead of the one that caused the rollback. On a full or broken disk
   * SQLite has usually rolled back by itself, and `rollback` then fails because there is no transaction.
   */
  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    await this.write('rollback', []).catch(() => undefined);
    connection.finish();
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#writer?.close(), this.#reader?.close()]);
  }

  /** Runs a statement on the writing connection, which the caller must have acquired. */
  write(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    this.#writer ??= new SqliteThread({ file: this.#file, isReadOnly: false });
    return this.#writer.execute(sql, parameters);
  }

  read(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    this.#reader ??= new SqliteThread({ file: this.#file, isReadOnly: true });
    return this.#reader.execute(sql, parameters);
  }

  /** Acquires the writing connection for a single statement. */
  async writeAlone(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    const releaseWriter = await this.#acquireWriter();
    try {
      return await this.write(sql, parameters);
    } finally {
      releaseWriter();
    }
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
 * Statements for the reading connection. It refuses writes, so no statement that writes may begin with a common table
 * expression.
 */
const READS = /^\s*(?:select|with)\b/i;

class SqliteConnection implements DatabaseConnection {
  readonly #driver: ThreadedDriver;
  /** Set while a transaction is open. */
  releaseWriter: (() => void) | undefined;

  constructor(driver: ThreadedDriver) {
    this.#driver = driver;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.#execute(sql, parameters);
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
    this.releaseWriter?.();
    this.releaseWriter = undefined;
  }

  #execute(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    if (this.releaseWriter !== undefined) return this.#driver.write(sql, parameters);
    return READS.test(sql) ? this.#driver.read(sql, parameters) : this.#driver.writeAlone(sql, parameters);
  }
}
