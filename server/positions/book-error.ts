/**
 * The file as a whole cannot be read as a book. This is the only error that leaves this folder: smaller problems (a
 * missing chapter, a position that resolves nowhere) are results with a lower confidence.
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
 * - `unreadable`: the file system refused (missing file, permission, I/O); `cause` is its error
 * - `changed`: it is not the file that was expected
 * - `not-a-zip`: not an archive
 * - `truncated`: the file begins as an archive and ends too early
 * - `damaged`: the archive's structure or a compressed stream is broken
 * - `encrypted`: the archive or a part that is needed is encrypted (a password or DRM)
 * - `too-large`: more than a limit of size, count or compression ratio
 * - `too-complex`: reading it takes more steps than any real book needs (work.ts)
 * - `unsupported`: an unknown compression method
 * - `not-an-epub`: an archive without container.xml or without a package document
 * - `not-a-document`: an archive without a document of the format that its name says
 * - `no-spine`: a package document without a spine, or with an empty one
 */
export type BookErrorCode =
  | 'unreadable'
  | 'changed'
  | 'not-a-zip'
  | 'truncated'
  | 'damaged'
  | 'encrypted'
  | 'too-large'
  | 'too-complex'
  | 'unsupported'
  | 'not-an-epub'
  | 'not-a-document'
  | 'no-spine';
