/** What crosses between the program and the thread that holds an SQLite connection. */
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
      /** Row by row: one flat array is copied several times faster than an object a row. */
      readonly cells: readonly unknown[];
    }
  | {
      readonly state: 'written';
      readonly id: number;
      readonly changes: number;
      readonly lastInsertRowid: number | bigint;
    }
  | { readonly state: 'failed'; readonly id: number; readonly message: string; readonly code: string };

export interface SqliteThreadOptions {
  readonly file: string;
  /** Statements that write are refused. */
  readonly isReadOnly: boolean;
}
