import { setTimeout as delay } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type QueryResult,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type SqliteStatement,
} from 'kysely';
import LibsqlDatabase from 'libsql';
import { LRUCache } from 'lru-cache';

/** How long a statement waits for another process's transaction: longer than any batch of a scan takes. */
const BUSY_TIMEOUT_MS = 10_000;
const FIRST_BUSY_WAIT_MS = 1;
/** About half of what a batch of a scan holds the lock for. */
const LONGEST_BUSY_WAIT_MS = 10;
/** Prepared statements kept: the program has some fifty texts, bulk statements a few sizes each. */
const STATEMENTS_KEPT = 200;

export function openSqlite(file: string): Dialect {
  return new ImmediateSqliteDialect(() => Promise.resolve(connect(file)));
}

function connect(file: string): SqliteDatabase {
  const database = new LibsqlDatabase(file, { timeout: BUSY_TIMEOUT_MS });
  // WAL: readers and the writer do not block each other. FULL: a committed transaction survives power loss.
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = full');
  database.exec('pragma foreign_keys = on');
  // From here on waiting is PatientConnection's work.
  database.exec('pragma busy_timeout = 0');
  database.defaultSafeIntegers(true);
  const statements = new LRUCache<string, SqliteStatement>({ max: STATEMENTS_KEPT });
  return {
    close: () => {
      statements.clear();
      database.close();
    },
    prepare: (text) => {
      let statement = statements.get(text);
      if (statement === undefined) {
        statement = adapt(database.prepare(text));
        statements.set(text, statement);
      }
      return statement;
    },
  };
}

/** libsql gives blobs as ArrayBuffer and, with safe integers on, every integer as bigint. */
function adapt(statement: LibsqlDatabase.Statement): SqliteStatement {
  return {
    reader: statement.reader,
    all: (parameters) => {
      const rows: unknown[] = statement.all(bindable(parameters));
      for (const row of rows) normalise(row);
      return rows;
    },
    run: (parameters) => {
      const { changes, lastInsertRowid } = statement.run(bindable(parameters));
      return { changes, lastInsertRowid };
    },
    iterate: function* (parameters) {
      for (const row of statement.iterate(bindable(parameters))) {
        normalise(row);
        yield row;
      }
    },
  };
}

function bindable(parameters: readonly unknown[]): unknown[] {
  return [...parameters];
}

function normalise(cells: unknown): void {
  if (!isRow(cells)) return;
  for (const column in cells) {
    const value = cells[column];
    if (value instanceof ArrayBuffer) cells[column] = Buffer.from(value);
    else if (typeof value === 'bigint' && value <= MAX_EXACT && value >= -MAX_EXACT) {
      cells[column] = Number(value);
    }
  }
}

function isRow(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const MAX_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Begins transactions with `begin immediate`: a transaction that first reads and then writes would otherwise
 * fail at once (no busy timeout applies) when another process wrote in between.
 */
class ImmediateSqliteDriver extends SqliteDriver {
  override async acquireConnection(): Promise<DatabaseConnection> {
    return new PatientConnection(await super.acquireConnection());
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

/**
 * Waits for another connection's write lock without blocking the thread: SQLite's own busy handler sleeps in
 * the calling thread, which would hold up every request of a server, and for ever if the lock's holder lives
 * in the same thread. A statement that was refused as busy has done nothing, so it may be run again.
 */
class PatientConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;

  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const deadline = performance.now() + BUSY_TIMEOUT_MS;
    for (let waitMs = FIRST_BUSY_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_BUSY_WAIT_MS)) {
      try {
        return await this.#connection.executeQuery<R>(query);
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw error;
        await delay(waitMs * (0.5 + Math.random()));
      }
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}

/** Kysely takes SQLite for a database whose schema changes cannot be rolled back; they can, and the
 * transaction around them is what keeps two starting programs apart. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ImmediateSqliteDialect implements Dialect {
  readonly #open: () => Promise<SqliteDatabase>;

  constructor(open: () => Promise<SqliteDatabase>) {
    this.#open = open;
  }

  createDriver = (): SqliteDriver => new ImmediateSqliteDriver({ database: this.#open });
  createQueryCompiler = (): SqliteQueryCompiler => new SqliteQueryCompiler();
  createAdapter = (): SqliteAdapter => new TransactionalDdlAdapter();
  createIntrospector: Dialect['createIntrospector'] = (db) => new SqliteIntrospector(db);
}
