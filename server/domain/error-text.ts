/** The `code` of an error of Node.js, SQLite or MySQL (`ENOENT`, `SQLITE_FULL`, `ER_DUP_ENTRY`); `undefined` without one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of an error; of anything else that was thrown, its text. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
