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
  | 'root-empty';

export class DogearError extends Error {
  override readonly name = 'DogearError';
  readonly code: DogearErrorCode;

  /** @param message for the person at the command line or the API: what, with which thing, what to do */
  constructor(code: DogearErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
