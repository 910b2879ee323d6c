import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';
import { parseDatabaseUrl } from '../../server/database/database-url.js';
import { openMysql } from '../../server/database/mysql/mysql-dialect.js';
import type { Schema } from '../../server/database/schema.js';
import { openSqlite } from '../../server/database/sqlite/sqlite-dialect.js';
import type { OpenStore } from '../../server/database/store.js';

/** Called around the statements of a real database. An error that a hook throws is the statement's error. */
export interface StatementHooks {
  beforeStatement?(this: void, sql: string): void | Promise<void>;
  afterStatement?(this: void, sql: string): void | Promise<void>;
  /** The transaction stays committed when this throws. */
  afterCommit?(this: void): void | Promise<void>;
}

/** The error of a statement whose connection was cut while the database worked on it. */
export function connectionLost(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** Opens an existing database as openStore() does, with connections of its own and with hooks. */
export function openHookedStore(url: string, hooks: StatementHooks): OpenStore {
  const location = parseDatabaseUrl(url);
  const dialect =
    location.dialect === 'sqlite'
      ? openSqlite(location.file)
      : openMysql(location, { connections: 4, statementTimeoutMs: undefined });
  const db = new Kysely<Schema>({ dialect: hookedDialect(dialect, hooks) });
  return { db, dialect: location.dialect, stamp: () => undefined, close: () => db.destroy() };
}

function hookedDialect(dialect: Dialect, hooks: StatementHooks): Dialect {
  return {
    createDriver: () => new HookedDriver(dialect.createDriver(), hooks),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  };
}

class HookedDriver implements Driver {
  readonly #driver: Driver;
  readonly #hooks: StatementHooks;

  constructor(driver: Driver, hooks: StatementHooks) {
    this.#driver = driver;
    this.#hooks = hooks;
  }

  init(): Promise<void> {
    return this.#driver.init();
  }

  async acquireConnection(): Promise<HookedConnection> {
    return new HookedConnection(await this.#driver.acquireConnection(), this.#hooks);
  }

  beginTransaction({ connection }: HookedConnection, settings: TransactionSettings): Promise<void> {
    return this.#driver.beginTransaction(connection, settings);
  }

  async commitTransaction(hooked: HookedConnection): Promise<void> {
    await this.#driver.commitTransaction(hooked.connection);
    hooked.isCommitted = true;
    await this.#hooks.afterCommit?.();
  }

  async rollbackTransaction({ connection, isCommitted }: HookedConnection): Promise<void> {
    if (!isCommitted) await this.#driver.rollbackTransaction(connection);
  }

  releaseConnection({ connection }: HookedConnection): Promise<void> {
    return this.#driver.releaseConnection(connection);
  }

  destroy(): Promise<void> {
    return this.#driver.destroy();
  }
}

class HookedConnection implements DatabaseConnection {
  readonly connection: DatabaseConnection;
  readonly #hooks: StatementHooks;
  isCommitted = false;

  constructor(connection: DatabaseConnection, hooks: StatementHooks) {
    this.connection = connection;
    this.#hooks = hooks;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await this.#hooks.beforeStatement?.(query.sql);
    const result = await this.connection.executeQuery<R>(query);
    await this.#hooks.afterStatement?.(query.sql);
    return result;
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.connection.streamQuery(query, chunkSize);
  }
}
