/** The number of errors that are logged of a chain of causes, the first error included. */
const DEPTH = 3;

export interface LoggedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string | undefined;
  readonly cause?: LoggedError | undefined;
}

/**
 * The fields of an error that may be logged. Others may not: errors of mysql2 carry the whole statement with its values,
 * such as password hashes.
 */
export function loggedError(error: unknown, depth: number = DEPTH): LoggedError {
  if (!(error instanceof Error))
    return { name: typeof error, message: 'a value that is not an Error was thrown' };
  return {
    name: error.name,
    message: error.message,
    ...('code' in error ? { code: String(error.code) } : {}),
    stack: error.stack,
    cause: error.cause === undefined || depth <= 1 ? undefined : loggedError(error.cause, depth - 1),
  };
}
