import type { Cover } from '../book/book-cover.js';
import type { DownloadableFile, FilePiece } from '../book/book-file.js';
import { mediaTypeOf } from '../book/media-type.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { SyncError } from '../domain/sync-error.js';
import type { Answer, AnswerHeaders, FileAnswer } from './answer.js';
import { byteRangeOf, isNoneMatch } from './byte-range.js';
import { type Downloads, PIECE_BYTES } from './downloads.js';
import { RECHECK_MS } from './event-stream.js';
import { problem } from './problem.js';
import type { HttpRequest } from './request.js';

/**
 * A book may be a page with scripts. Opened by its address it must not act as a page of the console, whose session the
 * browser would send along: the browser saves it, and does not guess another type, and if it shows it after all, it runs
 * nothing, loads nothing and belongs to no origin.
 */
const UNTRUSTED_HEADERS: AnswerHeaders = [
  ['x-content-type-options', 'nosniff'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
];
const SAVED_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'";
/** The browser's viewer of PDFs does not work in a sandbox. A page of the console shows it in a frame. */
const PDF_POLICY = "default-src 'none'; frame-ancestors 'self'";

export interface SentFile {
  readonly file: DownloadableFile;
  readonly userId: UserId;
  readonly downloads: Downloads;
  /** As readBookFile(). */
  readonly read: (piece: FilePiece) => Promise<Uint8Array<ArrayBuffer>>;
  /** Throws when who asked for the file may not have it any more. Called every few seconds. */
  readonly requireAccess: () => Promise<unknown>;
}

/**
 * A file, or the part of it that the request asks for. Whether it can be read, and is in the state that its tag names, is
 * found out before the status is sent.
 *
 * @throws ProblemError `downloads-at-limit`; what `read` throws
 */
export async function downloadAnswer(
  request: Pick<HttpRequest, 'method' | 'header'>,
  { file, userId, downloads, read, requireAccess }: SentFile,
): Promise<Answer | FileAnswer> {
  const { sizeBytes } = file.state;
  const etag = `"${file.version}"`;
  const isPdf = /\.pdf$/i.test(file.name);
  const headers: AnswerHeaders = [
    ['etag', etag],
    ...lastModified(file),
    ['accept-ranges', 'bytes'],
    // A browser may keep it, and asks each time whether it may still show it.
    ['cache-control', 'private, no-cache'],
    ['content-disposition', disposition(isPdf ? 'inline' : 'attachment', file.name)],
    ['content-security-policy', isPdf ? PDF_POLICY : SAVED_POLICY],
    ...UNTRUSTED_HEADERS,
  ];
  const contentType = mediaTypeOf(file.name);
  if (isNoneMatch(request.header('if-none-match'), etag)) {
    await read(nothing());
    return { status: 304, contentType, body: '', headers };
  }
  const ifRange = request.header('if-range');
  // A date is not exact enough to join two parts of a file (RFC 9110, 13.1.5).
  const range =
    ifRange === undefined || ifRange === etag ? byteRangeOf(request.header('range'), sizeBytes) : undefined;
  if (range === 'unsatisfiable') {
    return problem('range-unsatisfiable', `The file has ${String(sizeBytes)} bytes.`, {
      headers: [['content-range', `bytes */${String(sizeBytes)}`]],
    });
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  const isSent = request.method !== 'HEAD' && start < end;
  // Before anything is read, because the pieces that wait for their turn take memory too.
  const place = isSent ? downloads.begin(userId) : undefined;
  const access = new LastingAccess(requireAccess);
  const readAt = async (at: number): Promise<Uint8Array> => {
    if (place === undefined) return read(nothing());
    access.check();
    const piece = await read({ offset: at, bytes: Math.min(PIECE_BYTES, end - at), memory: place.memory });
    place.memory = piece.buffer;
    return piece;
  };
  let first: Uint8Array;
  try {
    first = await readAt(start);
  } catch (error) {
    place?.leave();
    throw error;
  }
  return {
    status: range === undefined ? 200 : 206,
    contentType,
    headers:
      range === undefined
        ? headers
        : [...headers, ['content-range', `bytes ${String(start)}-${String(end - 1)}/${String(sizeBytes)}`]],
    bodyBytes: end - start,
    pieces: async function* (signal) {
      for (let at = start, piece = first; ; piece = await readAt(at)) {
        at += piece.length;
        yield piece;
        if (at >= end || signal.aborted) return;
      }
    },
    ...(place === undefined ? {} : { ended: place.leave }),
  };
}

/** Ends a download whose key was revoked, whose user was disabled, or whose library is not for the user any more. */
class LastingAccess {
  readonly #require: () => Promise<unknown>;
  #checkedMs = performance.now();
  #refusal: unknown;

  constructor(require: () => Promise<unknown>) {
    this.#require = require;
  }

  /**
   * Begins to find out, now and then. The download does not wait for it: a database that is slow or away does not slow it
   * down or end it.
   *
   * @throws the refusal, if there is one
   */
  check(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    const nowMs = performance.now();
    if (nowMs - this.#checkedMs < RECHECK_MS) return;
    this.#checkedMs = nowMs;
    this.#require().catch((error: unknown) => {
      if (isRefusal(error)) this.#refusal = error;
    });
  }
}

function isRefusal(error: unknown): boolean {
  if (error instanceof SyncError) return error.code === 'unauthorized';
  return error instanceof DogearError && (error.code === 'forbidden' || error.code === 'book-not-found');
}

/** Only asks whether the file is there and unchanged. Not a constant, because the memory is moved. */
function nothing(): FilePiece {
  return { offset: 0, bytes: 0, memory: new ArrayBuffer(0) };
}

/** RFC 9110 has dates of four digits of the year. */
function lastModified({ state: { modifiedNs } }: DownloadableFile): AnswerHeaders {
  const ms = Number(modifiedNs / 1_000_000n);
  const isWritable = ms >= 0 && ms < Date.UTC(10_000, 0);
  return isWritable ? [['last-modified', new Date(ms).toUTCString()]] : [];
}

/**
 * RFC 6266 has two forms. Browsers take the second, whose encoding is certain. KOReader and curl take the first as bytes:
 * in UTF-8 a book keeps its name there, in whatever alphabet it is.
 */
function disposition(kind: 'inline' | 'attachment', name: string): string {
  // oxlint-disable-next-line no-control-regex -- names of files may hold them
  const plain = name.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, ' ');
  const quoted = plain.replaceAll(/["\\]/g, '_');
  const encoded = encodeURIComponent(plain).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${quoted}"; filename*=UTF-8''${encoded}`;
}

/** A browser asks again after an hour: lists show some dozens of covers, and covers hardly ever change. */
const COVER_CACHING: AnswerHeaders = [
  ['cache-control', 'private, max-age=3600'],
  // The next user of the browser may not be permitted to see it.
  ['vary', 'cookie, authorization'],
];

/** A client asks again the next time it shows the book. */
const NO_COVER_NOW: Answer = {
  status: 204,
  contentType: 'image/jpeg',
  body: '',
  headers: [['cache-control', 'no-store'], ...UNTRUSTED_HEADERS],
};

export interface SentCover extends Pick<SentFile, 'userId' | 'downloads'> {
  /** `undefined`: it is missing. */
  readonly file: DownloadableFile | undefined;
  /** Not called when the client has the cover. */
  readonly find: (file: DownloadableFile) => Promise<Cover>;
}

/**
 * A picture for lists.
 *
 * @throws ProblemError `downloads-at-limit`
 */
export async function coverAnswer(
  request: Pick<HttpRequest, 'header'>,
  { file, userId, downloads, find }: SentCover,
): Promise<Answer | FileAnswer> {
  if (file === undefined) return NO_COVER_NOW;
  const etag = `"cover-${file.version}"`;
  const headers: AnswerHeaders = [
    ['etag', etag],
    ...COVER_CACHING,
    ['content-security-policy', SAVED_POLICY],
    ...UNTRUSTED_HEADERS,
  ];
  if (isNoneMatch(request.header('if-none-match'), etag)) {
    return { status: 304, contentType: 'image/jpeg', body: '', headers };
  }
  const cover = await find(file);
  if (cover.state === 'away') return NO_COVER_NOW;
  // No error: browsers would report one for each book of a list.
  if (cover.state === 'none') return { status: 204, contentType: 'image/jpeg', body: '', headers };
  const disposition = ['content-disposition', 'attachment; filename="cover"'] as const;
  return {
    status: 200,
    contentType: cover.mediaType,
    headers: [...headers, disposition],
    bodyBytes: cover.bytes.length,
    pieces: () => onePiece(cover.bytes),
    ended: downloads.beginCover(userId, cover.bytes.length),
  };
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
