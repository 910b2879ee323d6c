/** Why the sync side refuses a request. HTTP statuses and numbers are chosen from these in server/http alone. */
export type SyncErrorCode =
  /** Bad or missing credentials, disabled user, expired or revoked key: which of them is nobody's business. */
  | 'unauthorized'
  | 'throttled'
  | 'registrations-throttled'
  | 'forbidden'
  /** The owner would leave a server that nobody can manage. */
  | 'owner-account'
  | 'document-unknown'
  | 'name-taken'
  | 'name-invalid'
  | 'password-invalid'
  | 'registration-off'
  /** More is waiting than can be done in a client's patience. */
  | 'overloaded'
  /** The database is away, or too slow for a client's patience. */
  | 'unavailable'
  /** The database refused this one row. */
  | 'refused';

export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
