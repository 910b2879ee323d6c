import type { PackedValues } from './packed-values.js';

/** A statement for the thread that holds an SQLite connection. Each request gets one reply, with the same id. */
export interface SqliteRequest {
  readonly id: number;
  readonly sql: string;
  readonly parameters: PackedValues;
  /** How often it is run, each time with the next ones of the parameters. */
  readonly times: number;
}

export type SqliteReply =
  | {
      readonly state: 'rows';
      readonly id: number;
      readonly columns: readonly string[];
      /** Row by row. One flat array is copied between threads several times faster than an object for each row. */
      readonly cells: PackedValues;
    }
  | {
      readonly state: 'written';
      readonly id: number;
      readonly changes: number;
      readonly lastInsertRowid: number | bigint;
    }
  | {
      readonly state: 'failed';
      readonly id: number;
      readonly message: string;
      /** SQLite's name of the error, `SQLITE_BUSY`. */
      readonly code: string;
    };

/** Instead of any reply: the database could not be opened, and the thread ends. */
export interface SqliteOpenFailure {
  readonly state: 'not-opened';
  readonly message: string;
  readonly code: string;
}

export interface SqliteThreadOptions {
  readonly file: string;
  /**
   * The identity that the file had when the database was opened (file-watch.ts): a thread that starts later must find
   * the same file. `undefined`: it did not exist.
   */
  readonly identity: string | undefined;
  /** Statements that write are refused. */
  readonly isReadOnly: boolean;
}
