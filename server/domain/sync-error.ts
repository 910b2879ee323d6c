/** Why a sync request is refused. Only server/http turns these codes into HTTP statuses and numbers. */
export type SyncErrorCode =
  /** Bad or missing credentials, disabled user, expired or revoked key. The client is not told which of them it is. */
  | 'unauthorized'
  /** The same, of a user name that does not arrive whole in a header, so that it may be that of several users. */
  | 'name-cut'
  | 'throttled'
  | 'registrations-throttled'
  | 'forbidden'
  /** An owner tried to delete the own account; the server would be left without anybody who can manage it. */
  | 'owner-account'
  | 'document-unknown'
  | 'name-taken'
  | 'name-invalid'
  | 'password-invalid'
  | 'registration-off'
  /** More requests are waiting than can be answered before their deadlines. */
  | 'overloaded'
  /** The database does not answer, or not before the request's deadline. */
  | 'unavailable'
  /** The database refused this row, and would refuse it again. */
  | 'refused';

export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
