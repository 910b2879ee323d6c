export type StorageErrorCode =
  'bad-database-url' | 'database-unreachable' | 'schema-newer' | 'migration-failed';

/** What goes wrong with the database as a whole; the message is for the person who runs the program. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
