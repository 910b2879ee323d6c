/** Why nothing, or no more, can be read of another server. The message says what the operator can do. */
export class MoveError extends Error {
  override readonly name = 'MoveError';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
