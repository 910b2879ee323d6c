import { BookError } from '../positions/book-error.js';
import { readEpubCover } from '../positions/epub/epub-cover.js';
import { withFile } from '../positions/epub/file-reader.js';
import { readComicCover } from '../positions/pages/comic-cover.js';
import { WorkLimitError } from '../positions/work.js';
import type { CoverOutcome, CoverRequest } from './book-cover.js';
import { fileFailure } from './answer-piece.js';

/** Reads the cover of a book. Runs in the thread that reads covers. A book that is broken has none. */
export async function answerCover({ path, state, source, limitBytes }: CoverRequest): Promise<CoverOutcome> {
  try {
    const bytes = await withFile(Buffer.from(path), state, (file) =>
      source === 'epub' ? readEpubCover(file, limitBytes) : readComicCover(file, limitBytes),
    );
    const mediaType = bytes === undefined ? undefined : imageTypeOf(bytes);
    return bytes === undefined || mediaType === undefined
      ? { state: 'none' }
      : { state: 'read', bytes, mediaType };
  } catch (error) {
    if (error instanceof WorkLimitError) return { state: 'none' };
    if (!(error instanceof BookError)) throw error;
    return error.code === 'changed' || error.code === 'unreadable' ? fileFailure(error) : { state: 'none' };
  }
}

/**
 * By its first bytes, whatever its name is. Only kinds that every browser shows and that hold no scripts: never SVG.
 */
function imageTypeOf(bytes: Buffer): string | undefined {
  const head = bytes.toString('latin1', 0, 12);
  if (head.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg';
  if (head.startsWith('\u0089PNG\r\n\u001a\n')) return 'image/png';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'image/webp';
  return undefined;
}
