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
 * One SQLite file with two connections, each in a thread of its own: transactions and single writes go to the
 * one, reads outside of transactions to the other, which never waits for a writer (WAL).
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
 * Kysely takes SQLite for a database whose schema changes cannot be rolled back; they can, and the transaction
 * around them is what keeps two starting programs apart.
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
  /** The end of the queue for the writing connection. */
  #lastTurn: Promise<void> = Promise.resolve();

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
   * `immediate`: a transaction that first reads and then writes would otherwise fail at once, without waiting,
   * when another process wrote in between.
   */
  async beginTransaction(connection: SqliteConnection): Promise<void> {
    connection.endTurn = await this.#writersTurn();
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
   * Never fails: Kysely would throw that instead of why the transaction is rolled back. SQLite has mostly rolled back
   * already where the disk is full or broken, and then says that there is no transaction.
   */
  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    await this.write('rollback', []).catch(() => undefined);
    connection.finish();
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#writer?.close(), this.#reader?.close()]);
  }

  /** On the writing connection, whose turn the caller must have. */
  write(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    this.#writer ??= new SqliteThread({ file: this.#file, isReadOnly: false });
    return this.#writer.execute(sql, parameters);
  }

  read(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    this.#reader ??= new SqliteThread({ file: this.#file, isReadOnly: true });
    return this.#reader.execute(sql, parameters);
  }

  async writeInTurn(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    const endTurn = await this.#writersTurn();
    try {
      return await this.write(sql, parameters);
    } finally {
      endTurn();
    }
  }

  async #writersTurn(): Promise<() => void> {
    const before = this.#lastTurn;
    let endTurn = (): void => undefined;
    this.#lastTurn = new Promise((resolve) => {
      endTurn = resolve;
    });
    await before;
    return endTurn;
  }
}

/** No statement here that writes begins with a common table expression; the reading connection would refuse it. */
const READS = /^\s*(?:select|with)\b/i;

class SqliteConnection implements DatabaseConnection {
  readonly #driver: ThreadedDriver;
  /** Set while a transaction is open. */
  endTurn: (() => void) | undefined;

  constructor(driver: ThreadedDriver) {
    this.#driver = driver;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.#execute(sql, parameters);
    // What a query's rows look like is known to Kysely's caller alone.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return result as QueryResult<R>;
  }

  /** Every result is held whole: pages are what bounds it. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  finish(): void {
    this.endTurn?.();
    this.endTurn = undefined;
  }

  #execute(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    if (this.endTurn !== undefined) return this.#driver.write(sql, parameters);
    return READS.test(sql) ? this.#driver.read(sql, parameters) : this.#driver.writeInTurn(sql, parameters);
  }
}
