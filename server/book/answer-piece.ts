import { errorCode } from '../domain/error-text.js';
import { BookError } from '../positions/book-error.js';
import { withFile } from '../positions/epub/file-reader.js';
import type { BookFileFailure, PieceOutcome, PieceRequest } from './book-file.js';

/**
 * Reads a part of a file. Runs in the thread that reads files, because it reads synchronously.
 *
 * The file is opened for each part: a slow download holds no descriptor, and notices when its file is replaced.
 */
export async function answerPiece({
  path,
  state,
  offset,
  bytes,
  memory,
}: PieceRequest): Promise<PieceOutcome> {
  try {
    // The path comes from another thread, as bytes alone.
    const piece = new Uint8Array(memory, 0, bytes);
    await withFile(Buffer.from(path), state, (file) => Promise.resolve(file.readInto(piece, offset)));
    return { state: 'read', bytes: piece };
  } catch (error) {
    if (!(error instanceof BookError)) throw error;
    return fileFailure(error);
  }
}

/** Why a file could not be read. */
export function fileFailure(error: BookError): BookFileFailure {
  if (error.code === 'changed') return { state: 'changed' };
  const code = errorCode(error.cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'gone' };
  return { state: 'unreadable', message: error.message };
}
