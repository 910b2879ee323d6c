import { faultMessage } from '../database/database-fault.js';
import { StorageError } from '../database/database-error.js';
import { ListenError } from '../http/listen-error.js';
import { MoveError } from '../moving/move-error.js';

/** An operator error that another thread threw. Errors lose their class when they cross threads. */
export class ForwardedError extends Error {
  override readonly name = 'ForwardedError';
}

/**
 * What the operator can mend, and how: the database, the address of the server, or what is to be imported.
 *
 * @returns `undefined` for a defect of the program, whose stack says where it is
 */
export function operatorMessage(error: unknown): string | undefined {
  if (!isOperatorError(error)) return faultMessage(error);
  const advice = error instanceof StorageError ? faultMessage(error.cause) : undefined;
  return advice === undefined || error.message === advice ? error.message : `${error.message} ${advice}`;
}

/**
 * Whether the message of an error tells the operator what is wrong with the database, the address of the server, or what
 * is to be imported. Any other error is a defect of the program, and its stack says where.
 */
function isOperatorError(error: unknown): error is StorageError | ListenError | MoveError | ForwardedError {
  return (
    error instanceof StorageError ||
    error instanceof ListenError ||
    error instanceof MoveError ||
    error instanceof ForwardedError
  );
}
