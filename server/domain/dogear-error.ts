/** Why a use case failed. The edges map these codes to HTTP statuses and exit codes. */
export type DogearErrorCode =
  | 'library-exists'
  | 'library-not-found'
  | 'library-invalid'
  | 'scan-running'
  /** Another one began a moment ago, and this one was to begin only otherwise. */
  | 'scan-recent'
  | 'scan-lease-lost'
  | 'scan-cancelled'
  | 'root-missing'
  | 'root-unreadable'
  | 'root-not-a-folder'
  | 'root-is-link'
  | 'root-changed'
  | 'root-empty'
  /** This process already runs as many scans as it may. */
  | 'scans-at-limit'
  | 'scan-not-found'
  | 'scan-not-running'
  | 'book-not-found'
  /** Only a missing book and a present one of its library are joined, both with digests. */
  | 'books-not-joinable'
  /** Digests are turned off for the library. */
  | 'hashes-off'
  /** The storage of a library took too long to answer. */
  | 'storage-slow'
  | 'user-not-found'
  | 'user-exists'
  /** Somebody else than the caller expects has signed in meanwhile. */
  | 'user-changed'
  /** The user is no owner, or is disabled. */
  | 'owner-needed'
  | 'console-off'
  | 'user-invalid'
  | 'password-invalid'
  /** The current password, which the user must know to change it. */
  | 'password-wrong'
  /** The change would leave no owner. */
  | 'last-owner'
  | 'session-not-found'
  /** Of a link into the console: used up, too old, or made up. */
  | 'link-invalid'
  /** There is an owner who can sign in. */
  | 'owner-exists'
  | 'api-key-not-found'
  | 'api-key-invalid'
  | 'api-keys-at-limit'
  | 'device-not-found'
  | 'device-name-invalid'
  | 'progress-not-found'
  /** Only a document without a book is linked to one. */
  | 'document-has-book'
  | 'document-linked'
  | 'document-links-at-limit'
  | 'document-link-not-found'
  /** No file of the book is at its path. */
  | 'book-missing'
  | 'book-unreadable'
  /** The file of the book is not in the state in which the last scan saw it. */
  | 'book-changed'
  /** Positions in this format are not translated. */
  | 'format-unsupported'
  | 'position-untranslatable'
  /** Reading a book took too long. */
  | 'translation-slow'
  | 'forbidden'
  /** Only a permission that the actor holds can be given to others. */
  | 'permission-not-held'
  /** The queue is so long that the client would give up before its turn. */
  | 'overloaded'
  /** The process is shutting down. */
  | 'stopping';

/** The one error class of use cases. Anything else that they throw is a defect or a failure of the database. */
export class DogearError extends Error {
  override readonly name = 'DogearError';
  readonly code: DogearErrorCode;

  /** @param message for people at the command line or the API: what failed, with which object, and what to do */
  constructor(code: DogearErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
