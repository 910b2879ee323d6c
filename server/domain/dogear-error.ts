/** What a use case refuses, and why. HTTP statuses and exit codes are chosen from these at the edges. */
export type DogearErrorCode =
  | 'library-exists'
  | 'library-not-found'
  | 'library-invalid'
  | 'scan-running'
  | 'scan-lease-lost'
  | 'scan-cancelled'
  | 'root-missing'
  | 'root-unreadable'
  | 'root-not-a-folder'
  | 'root-changed'
  | 'root-empty'
  /** Too many scans run in this process. */
  | 'scans-at-limit'
  | 'scan-not-found'
  | 'scan-not-running'
  | 'book-not-found'
  /** The library makes no digests. */
  | 'hashes-off'
  /** The storage of a library took too long to answer. */
  | 'storage-slow'
  | 'user-not-found'
  | 'user-exists'
  | 'user-invalid'
  | 'password-invalid'
  /** It would leave nobody who may do everything. */
  | 'last-owner'
  | 'api-key-not-found'
  | 'api-key-invalid'
  | 'api-keys-at-limit'
  | 'device-not-found'
  | 'device-name-invalid'
  | 'progress-not-found'
  /** No file of it is where it was. */
  | 'book-missing'
  | 'book-unreadable'
  /** Positions in books of this kind are not translated. */
  | 'format-unsupported'
  | 'position-untranslatable'
  /** Reading a book took too long. */
  | 'translation-slow'
  | 'forbidden'
  /** Nobody can give away a permission that they do not hold. */
  | 'permission-not-held'
  /** More is waiting than can be done in a client's patience. */
  | 'overloaded'
  /** The process is about to end. */
  | 'stopping';

export class DogearError extends Error {
  override readonly name = 'DogearError';
  readonly code: DogearErrorCode;

  /** @param message for the person at the command line or the API: what, with which thing, what to do */
  constructor(code: DogearErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
