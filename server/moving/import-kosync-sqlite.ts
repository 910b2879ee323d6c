import type { Store } from '../database/store.js';
import type { MoveOptions } from './move-context.js';
import { MoveError } from './move-error.js';
import { moveIn } from './move-in.js';
import type { MovedPosition, MovedRecord, MovedRecords, MovedUser } from './moved-record.js';
import type { MoveTally } from './move-tally.js';
import { openSqliteFile, type SqliteFile } from './sqlite-file.js';
import { SQLITE_LAYOUTS, type SqliteLayout } from './sqlite-layouts.js';

/** What was found in a file. */
export interface SqliteMove {
  /** The program that wrote the file. */
  readonly layout: string;
  readonly tally: MoveTally;
}

/**
 * Moves in the users and positions of another sync server that keeps them in SQLite.
 *
 * @throws MoveError
 */
export async function importKosyncSqlite(
  store: Store,
  path: string,
  options: MoveOptions,
): Promise<SqliteMove> {
  const file = openSqliteFile(path);
  try {
    const layout = layoutOf(file, path);
    const records = recordsOf(file, layout);
    return { layout: layout.name, tally: await moveIn(store, { records, listsDevices: false }, options) };
  } finally {
    file.close();
  }
}

function layoutOf({ tables }: SqliteFile, path: string): SqliteLayout {
  const layout = SQLITE_LAYOUTS.find((each) =>
    Object.entries(each.tables).every(([table, columns]) => {
      const found = tables.get(table);
      return found !== undefined && columns.every((column) => found.has(column));
    }),
  );
  if (layout !== undefined) return layout;
  if (tables.has('document_progress') && tables.has('schema_migration')) {
    throw new MoveError(
      `${path} is a database of Dogear itself. Export it with that Dogear, and import the export.`,
    );
  }
  const known = SQLITE_LAYOUTS.map(({ name }) => name).join(', ');
  const there = [...tables.keys()].slice(0, 20).join(', ');
  throw new MoveError(
    `${path} has the tables of no server that is known: ${known}. It has ${there === '' ? 'no tables' : there}.`,
  );
}

async function* recordsOf(file: SqliteFile, layout: SqliteLayout): MovedRecords {
  for (const rows of file.rows(layout.users)) yield rows.map(userOfRow);
  for (const rows of file.rows(layout.positions)) yield rows.map(positionOfRow);
}

type Row = Readonly<Record<string, unknown>>;

function userOfRow(row: Row): MovedRecord {
  const key = textCell(row['key']);
  return {
    kind: 'user',
    name: textCell(row['name']) ?? '',
    secret: 'key' in row ? { kind: 'key', key: key ?? '' } : { kind: 'elsewhere' },
  } satisfies MovedUser;
}

function positionOfRow(row: Row): MovedRecord {
  return {
    kind: 'position',
    userName: textCell(row['user_name']) ?? '',
    document: textCell(row['document']) ?? '',
    position: textCell(row['progress']),
    percentage: numberCell(row['percentage']),
    deviceName: textCell(row['device']),
    deviceId: textCell(row['device_id']),
    pushedMs: timeCell(row['pushed']),
  } satisfies MovedPosition;
}

/** SQLite keeps what it is given: a number in a column of texts, and bytes. */
function textCell(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}

function numberCell(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : undefined;
}

/** Later than any time in seconds, earlier than any in milliseconds. */
const LATEST_SECONDS = 100_000_000_000;
/** `2025-07-26 12:10:46.123`, as programs write a time in UTC; with a zone where they write one. */
const TIME_TEXT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)\s*(Z|UTC|[+-]\d\d:?\d\d)?$/;

/** In milliseconds. A number of seconds or milliseconds, or a text. */
function timeCell(value: unknown): number | undefined {
  const number = numberCell(value);
  if (number !== undefined && !Number.isNaN(number)) return number < LATEST_SECONDS ? number * 1000 : number;
  if (typeof value !== 'string') return undefined;
  const [, date, time, zone = 'Z'] = TIME_TEXT.exec(value) ?? [];
  if (date === undefined || time === undefined) return undefined;
  return Date.parse(`${date}T${time}${zone === 'UTC' ? 'Z' : zone}`);
}
