import { parentPort, workerData } from 'node:worker_threads';
import LibsqlDatabase from 'libsql';
import { LRUCache } from 'lru-cache';
import { errorCode, errorMessage } from '../../domain/error-text.js';
import type { SqliteReply, SqliteRequest, SqliteThreadOptions } from './sqlite-messages.js';

/** Wait for another process's transaction: longer than the longest transaction, which is a batch of a scan. */
const BUSY_TIMEOUT_MS = 10_000;
/** Prepared statements that are kept: the program has about a hundred, and bulk statements in a few sizes each. */
const STATEMENTS_KEPT = 300;
/** Page cache, in KiB: holds the upper levels of every index of a million books. */
const CACHE_KIB = 16_384;

/** Answers the requests of sqlite-thread.ts with one connection. Calls that block here block only this thread. */
function serve(database: LibsqlDatabase.Database, port: NonNullable<typeof parentPort>): void {
  const statements = new LRUCache<string, LibsqlDatabase.Statement>({ max: STATEMENTS_KEPT });
  port.on('message', (request: SqliteRequest) => {
    let reply: SqliteReply;
    try {
      let statement = statements.get(request.sql);
      if (statement === undefined) {
        statement = database.prepare(request.sql);
        if (statement.reader) statement.raw(true);
        statements.set(request.sql, statement);
      }
      reply = execute(statement, request);
    } catch (error) {
      reply = {
        state: 'failed',
        id: request.id,
        message: errorMessage(error),
        code: errorCode(error) ?? 'SQLITE_ERROR',
      };
    }
    port.postMessage(reply);
  });
}

function execute(statement: LibsqlDatabase.Statement, { id, parameters }: SqliteRequest): SqliteReply {
  if (!statement.reader) {
    const { changes, lastInsertRowid } = statement.run([...parameters]);
    return { state: 'written', id, changes, lastInsertRowid };
  }
  const cells: unknown[] = [];
  for (const row of statement.iterate([...parameters])) {
    if (Array.isArray(row)) for (const cell of row) cells.push(exact(cell));
  }
  return { state: 'rows', id, columns: statement.columns().map((column) => column.name), cells };
}

const MAX_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** With "safe integers" the driver returns each integer as a bigint. Those that a double holds exactly become numbers. */
function exact(cell: unknown): unknown {
  return typeof cell === 'bigint' && cell <= MAX_EXACT && cell >= -MAX_EXACT ? Number(cell) : cell;
}

function connect({ file, isReadOnly }: SqliteThreadOptions): LibsqlDatabase.Database {
  const database = new LibsqlDatabase(file, { timeout: BUSY_TIMEOUT_MS });
  // WAL: readers and the writer do not block each other. FULL: a committed transaction survives a power failure.
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = full');
  database.exec(`pragma busy_timeout = ${String(BUSY_TIMEOUT_MS)}`);
  database.exec(`pragma cache_size = -${String(CACHE_KIB)}`);
  database.exec('pragma foreign_keys = on');
  if (isReadOnly) database.exec('pragma query_only = on');
  database.defaultSafeIntegers(true);
  return database;
}

const options: unknown = workerData;
if (parentPort !== null && isOptions(options)) serve(connect(options), parentPort);

function isOptions(value: unknown): value is SqliteThreadOptions {
  if (typeof value !== 'object' || value === null || !('file' in value && 'isReadOnly' in value))
    return false;
  return typeof value.file === 'string' && typeof value.isReadOnly === 'boolean';
}
