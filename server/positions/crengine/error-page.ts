import type { Markup } from '../source/markup.js';

/** crengine looks for a drawing in no more of a file. */
const CHECKED_BYTES = 8191;

/** What crengine says about a file of the spine that it cannot show. */
export interface RefusedFile {
  /** Its path as crengine makes it. */
  readonly name: string;
  readonly mediaType: string;
  /** Of its item in the manifest. */
  readonly id: string;
}

/**
 * The page that crengine shows instead of a file that it cannot show (RULES.md R36). The names are read as markup. The head
 * is not crengine's: with it the body has the CFI that it has in other chapters.
 */
export function errorPage({ name, mediaType, id }: RefusedFile): Markup {
  const message = `Failed handling EPUB spine item '${name}' (${mediaType}, ${id}).`;
  return { source: `<html><head/><body><pre>${message}</pre></body></html>`, encoding: 'known' };
}

/** Whether crengine may show a file without a body as a drawing, and not as an error (RULES.md R36). */
export function mayBeDrawing(content: Buffer): boolean {
  const head = content.subarray(0, CHECKED_BYTES);
  // In UTF-16 each of the letters is beside a zero.
  const text = head.toString('latin1').replaceAll('\0', '');
  return text.includes('<svg');
}
