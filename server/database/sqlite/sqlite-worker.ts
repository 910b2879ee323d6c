import { parentPort, workerData } from 'node:worker_threads';
import LibsqlDatabase from 'libsql';
import { LRUCache } from 'lru-cache';
import { errorCode, errorMessage } from '../../domain/error-text.js';
import { fileTrouble } from './file-trouble.js';
import { fileChange, FileWatch } from './file-watch.js';
import { packValues, unpackValues } from './packed-values.js';
import type {
  SqliteOpenFailure,
  SqliteReply,
  SqliteRequest,
  SqliteThreadOptions,
} from './sqlite-messages.js';

/** Wait for another process's transaction: longer than the longest transaction, which is a batch of a scan. */
const BUSY_TIMEOUT_MS = 10_000;
/** Prepared statements that are kept: the program has about a hundred, and bulk statements in a few sizes each. */
const STATEMENTS_KEPT = 300;
/** Page cache, in KiB: holds the upper levels of every index of a million books. */
const CACHE_KIB = 16_384;

/** Least time between two looks at the files and into the database, so that readers notice trouble within seconds. */
const CHECK_EVERY_MS = 2000;

/** Answers the requests of sqlite-thread.ts with one connection. Calls that block here block only this thread. */
function serve(database: LibsqlDatabase.Database, file: string, port: NonNullable<typeof parentPort>): void {
  const statements = new LRUCache<string, LibsqlDatabase.Statement>({ max: STATEMENTS_KEPT });
  const watch = new FileWatch(file);
  let checkedMs = performance.now();
  let isFull = false;
  let makeRoomMs = 0;

  /** Throws when the files are gone or damaged. Nothing may be committed then, so each commit is checked before. */
  const check = ({ sql }: SqliteRequest, statement: LibsqlDatabase.Statement): void => {
    const isDue = performance.now() - checkedMs >= CHECK_EVERY_MS && !database.inTransaction;
    const commits = sql === 'commit' || !(statement.reader || database.inTransaction);
    if (!isDue && !commits) return;
    const change = watch.change();
    if (change !== undefined) throw moved(change);
    if (!isDue) return;
    checkedMs = performance.now();
    refuseDamage(file);
  };

  /**
   * On a full disk the log never gets as long as it must be for a commit to write it into the file. Once it is written there,
   * the next commits overwrite it, which needs no space. That fails where the file would have to grow.
   */
  const makeRoom = (): void => {
    if (database.inTransaction || performance.now() < makeRoomMs || watch.change() !== undefined) return;
    try {
      database.exec('pragma wal_checkpoint(passive)');
      isFull = false;
    } catch {
      makeRoomMs = performance.now() + CHECK_EVERY_MS; // so that not every statement tries
    }
  };

  port.on('message', (request: SqliteRequest) => {
    let reply: SqliteReply;
    try {
      if (isFull) makeRoom();
      let statement = statements.get(request.sql);
      if (statement === undefined) {
        statement = database.prepare(request.sql);
        if (statement.reader) statement.raw(true);
        statements.set(request.sql, statement);
      }
      if (request.sql !== 'rollback') check(request, statement);
      reply = execute(statement, request);
    } catch (error) {
      isFull ||= errorCode(error) === 'SQLITE_FULL';
      reply = { state: 'failed', id: request.id, ...explained(error, file) };
    }
    port.postMessage(reply);
  });
}

/**
 * Throws when the database is damaged, or no database any more. Opens it once more and reads the first row of each
 * table: the pages that the other connections have in memory do not show that somebody wrote over the file. Takes a
 * millisecond or two. Not through the file system: closing a file takes SQLite's locks on it from the whole process.
 */
function refuseDamage(file: string): void {
  let fresh: LibsqlDatabase.Database | undefined;
  try {
    fresh = new LibsqlDatabase(file, { timeout: BUSY_TIMEOUT_MS });
    fresh.exec('pragma query_only = on');
    const tables: unknown[] = fresh.prepare("select name from sqlite_schema where type = 'table'").all();
    for (const table of tables) {
      const name = typeof table === 'object' && table !== null && 'name' in table ? String(table.name) : '';
      fresh.prepare(`select 1 from "${name}" limit 1`).all();
    }
  } catch (error) {
    // Anything else, such as a lack of file descriptors, says nothing about the file.
    if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(errorCode(error) ?? '')) throw error;
  } finally {
    fresh?.close();
  }
}

function explained(error: unknown, file: string): { readonly message: string; readonly code: string } {
  const code = errorCode(error) ?? 'SQLITE_ERROR';
  const reason = fileTrouble(file, code);
  const message = errorMessage(error);
  return { code, message: reason === undefined ? message : `${message}: ${reason}` };
}

function execute(statement: LibsqlDatabase.Statement, { id, parameters, times }: SqliteRequest): SqliteReply {
  const bound = unpackValues(parameters);
  if (!statement.reader) {
    const { changes, lastInsertRowid } = runRepeatedly(statement, bound, times);
    return { state: 'written', id, changes, lastInsertRowid };
  }
  const cells: unknown[] = [];
  for (const row of statement.iterate(bound)) {
    if (Array.isArray(row)) for (const cell of row) cells.push(exact(cell));
  }
  return {
    state: 'rows',
    id,
    columns: statement.columns().map((column) => column.name),
    cells: packValues(cells),
  };
}

function runRepeatedly(
  statement: LibsqlDatabase.Statement,
  cells: unknown[],
  times: number,
): LibsqlDatabase.RunResult {
  if (times === 1) return statement.run(cells);
  const width = cells.length / times;
  // The driver would bind nothing to what is missing, and leave out what is too much.
  if (!Number.isInteger(width)) throw new Error(`${cells.length} cells are not those of ${times} runs`);
  let changes = 0;
  let lastInsertRowid: number | bigint = 0;
  for (let start = 0; start < cells.length; start += width) {
    const result = statement.run(cells.slice(start, start + width));
    changes += result.changes;
    ({ lastInsertRowid } = result);
  }
  return { changes, lastInsertRowid };
}

const MAX_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** With "safe integers" the driver returns each integer as a bigint. Those that a double holds exactly become numbers. */
function exact(cell: unknown): unknown {
  return typeof cell === 'bigint' && cell <= MAX_EXACT && cell >= -MAX_EXACT ? Number(cell) : cell;
}

/** SQLite has this code too, but not in WAL mode. */
function moved(change: string): Error {
  return Object.assign(new Error(change), { code: 'SQLITE_READONLY_DBMOVED' });
}

function connect({ file, identity, isReadOnly }: SqliteThreadOptions): LibsqlDatabase.Database {
  // Before opening, which would make a new file in the place of one that is gone.
  const change = identity === undefined ? undefined : fileChange(file, identity);
  if (change !== undefined) throw moved(change);
  const database = openConnection(file);
  // WAL: readers and the writer do not block each other. FULL: a committed transaction survives a power failure.
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = full');
  database.exec(`pragma busy_timeout = ${String(BUSY_TIMEOUT_MS)}`);
  database.exec(`pragma cache_size = -${String(CACHE_KIB)}`);
  database.exec('pragma foreign_keys = on');
  if (isReadOnly) database.exec('pragma query_only = on');
  // The first read makes the files beside the database, which are watched from then on.
  database.prepare('select count(*) from sqlite_schema').get();
  refuseDamage(file);
  database.defaultSafeIntegers(true);
  return database;
}

/** libsql's error of a file that cannot be opened has no code. */
function openConnection(file: string): LibsqlDatabase.Database {
  try {
    return new LibsqlDatabase(file, { timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw Object.assign(new Error('the file cannot be opened', { cause: error }), {
      code: errorCode(error) || 'SQLITE_CANTOPEN',
    });
  }
}

const options: unknown = workerData;
if (parentPort !== null && isOptions(options)) start(options, parentPort);

function start(opened: SqliteThreadOptions, port: NonNullable<typeof parentPort>): void {
  let database: LibsqlDatabase.Database;
  try {
    database = connect(opened);
  } catch (error) {
    port.postMessage({
      state: 'not-opened',
      ...explained(error, opened.file),
    } satisfies SqliteOpenFailure);
    return;
  }
  serve(database, opened.file, port);
}

function isOptions(value: unknown): value is SqliteThreadOptions {
  if (typeof value !== 'object' || value === null || !('file' in value && 'isReadOnly' in value))
    return false;
  return typeof value.file === 'string' && typeof value.isReadOnly === 'boolean';
}
