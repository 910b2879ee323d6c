/**
 * The one error of this folder: the file as a whole cannot be read as a book. Everything smaller (a missing
 * chapter, a position that resolves nowhere) is a value with a lower confidence.
 */
export class BookError extends Error {
  readonly code: BookErrorCode;

  constructor(code: BookErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'BookError';
    this.code = code;
  }
}

/**
 * - `unreadable`: the file system refused (missing file, permission, I/O); `cause` holds its error
 * - `not-a-zip`: no archive at all
 * - `truncated`: begins as an archive and has no end of one
 * - `damaged`: the archive's structure or a compressed stream is broken
 * - `encrypted`: the archive or a part that is needed is encrypted (a password or DRM)
 * - `too-large`: past a bound of size, count or compression ratio
 * - `unsupported`: a compression method or a kind of file that is not read
 * - `not-an-epub`: an archive without container.xml and package document
 * - `no-spine`: a package document whose spine holds nothing
 */
export type BookErrorCode =
  | 'unreadable'
  | 'not-a-zip'
  | 'truncated'
  | 'damaged'
  | 'encrypted'
  | 'too-large'
  | 'unsupported'
  | 'not-an-epub'
  | 'no-spine';
