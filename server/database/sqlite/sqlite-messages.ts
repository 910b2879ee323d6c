/** A statement for the thread that holds an SQLite connection. Each request gets one reply, with the same id. */
export interface SqliteRequest {
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export type SqliteReply =
  | {
      readonly state: 'rows';
      readonly id: number;
      readonly columns: readonly string[];
      /** Row by row. One flat array is copied between threads several times faster than an object for each row. */
      readonly cells: readonly unknown[];
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

export interface SqliteThreadOptions {
  readonly file: string;
  /** Statements that write are refused. */
  readonly isReadOnly: boolean;
}
