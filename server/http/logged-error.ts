/** Causes behind causes that are worth a line. */
const DEPTH = 3;

export interface LoggedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string | undefined;
  readonly cause?: LoggedError | undefined;
}

/**
 * What a log may say of an error. Not all that hangs on it: errors of mysql2 carry the whole statement with its values,
 * password hashes and all.
 */
export function loggedError(error: unknown, depth: number = DEPTH): LoggedError {
  if (!(error instanceof Error))
    return { name: typeof error, message: 'something that is no error was thrown' };
  return {
    name: error.name,
    message: error.message,
    ...('code' in error ? { code: String(error.code) } : {}),
    stack: error.stack,
    cause: error.cause === undefined || depth <= 1 ? undefined : loggedError(error.cause, depth - 1),
  };
}
