export type ReaderFailure =
  /** The file is another one than the one that was hashed. */
  | 'changed'
  | 'encrypted'
  | 'truncated'
  | 'too-large'
  | 'missing'
  | 'broken'
  | 'offline'
  /** The server says why. */
  | 'refused';

/** A book that cannot be shown, or a part of it. The message is a sentence for people. */
export class ReaderError extends Error {
  readonly failure: ReaderFailure;

  constructor(failure: ReaderFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** What to tell about anything that went wrong. Errors of the library that shows EPUBs are plain ones. */
export function readerErrorOf(error: unknown): ReaderError {
  if (error instanceof ReaderError) return error;
  const says = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return new ReaderError('broken', `The book cannot be shown: ${says}`);
}
