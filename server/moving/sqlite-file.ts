import { existsSync, statSync } from 'node:fs';
import LibsqlDatabase from 'libsql';
import { errorMessage } from '../domain/error-text.js';
import { MoveError } from './move-error.js';

/** Another program writes the file now and then. */
const BUSY_TIMEOUT_MS = 5000;
/** Rows of one batch. */
const ROWS_AT_ONCE = 500;

/** A SQLite file of another program, opened to read. */
export interface SqliteFile {
  /** The columns of each table, all names in lower case. */
  readonly tables: ReadonlyMap<string, ReadonlySet<string>>;
  /** The rows of a query in lists of a bounded size. @throws MoveError */
  rows(this: void, query: string): Generator<readonly Readonly<Record<string, unknown>>[]>;
  close(this: void): void;
}

/** @throws MoveError when it is no file of SQLite */
export function openSqliteFile(file: string): SqliteFile {
  if (!existsSync(file)) throw new MoveError(`There is no file ${file}.`);
  if (!statSync(file).isFile()) throw new MoveError(`${file} is no file. Give the file of the database.`);
  let database: LibsqlDatabase.Database | undefined;
  try {
    database = new LibsqlDatabase(file, { readonly: true, timeout: BUSY_TIMEOUT_MS });
    database.exec('pragma query_only = on');
    const tables = tablesOfFile(database);
    return { tables, rows: rowsIn(database, file), close: () => database?.close() };
  } catch (error) {
    database?.close();
    throw unreadableFile(file, error);
  }
}

function unreadableFile(file: string, error: unknown): MoveError {
  return new MoveError(
    `${file} cannot be read as a database of SQLite: ${errorMessage(error)}. ` +
      'Copy it while its server is stopped, with the files beside it that end in -wal and -shm, and import the copy.',
    error,
  );
}

function tablesOfFile(database: LibsqlDatabase.Database): ReadonlyMap<string, ReadonlySet<string>> {
  const tables = new Map<string, Set<string>>();
  const rows = database
    .prepare(
      "select lower(t.name) as name, lower(c.name) as col from sqlite_schema as t, pragma_table_info(t.name) as c where t.type = 'table'",
    )
    .all();
  for (const row of rows) {
    if (!isRecord(row)) continue;
    const name = String(row['name']);
    const columns = tables.get(name) ?? new Set<string>();
    tables.set(name, columns.add(String(row['col'])));
  }
  return tables;
}

function rowsIn(database: LibsqlDatabase.Database, file: string): SqliteFile['rows'] {
  return function* rows(query) {
    let batch: Readonly<Record<string, unknown>>[] = [];
    try {
      for (const row of database.prepare(query).iterate()) {
        if (isRecord(row)) batch.push(row);
        if (batch.length < ROWS_AT_ONCE) continue;
        yield batch;
        batch = [];
      }
    } catch (error) {
      throw error instanceof MoveError ? error : unreadableFile(file, error);
    }
    yield batch;
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
