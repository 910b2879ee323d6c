import { isAscii } from '../system/latin1-path.js';

/**
 * The default file name extensions of books: lower case, without a leading dot. These are all extensions that KOReader
 * opens as a document (what crengine, MuPDF and DjVuLibre are registered for in its `frontend/document/*document.lua`,
 * comics included) and five more names in circulation for the same formats (azw3, djv, oxps, cbr, cb7).
 *
 * KOReader's picture formats are left out, because a picture beside a book is its cover. A library that wants them can
 * be walked with extensions of its own. Pinned by test/engine/walk/book-extensions.test.ts.
 */
export const KOREADER_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    'azw azw3 chm doc docm docx epub epub3 fb2 fb2.zip fb3 htm htm.zip html html.zip log log.zip md md.zip mobi odt ' +
    'pdb prc rtf rtf.zip tcr txt txt.zip xhtml xml zip ' +
    'cfb pdf pptx tar xlsx xps oxps djvu djv cbz cbt cbr cb7'
  ).split(' '),
);

/**
 * Whether files can have this extension, as `WalkOptions.extensions` describes one. One in another form matches no file.
 */
export function isExtension(text: string): boolean {
  return /^[^./\0]+(?:\.[^./\0]+)?$/.test(text) && text === text.toLowerCase();
}

/**
 * Whether a walk with these extensions treats a file of this name as a book. Only the name is examined, never the
 * file.
 *
 * The name may have its extension in upper, lower or mixed case. Not books: hidden files without a further dot
 * (`.epub`) and the attribute files of macOS (`._Book.epub`). Pinned by test/engine/walk/book-extensions.test.ts.
 *
 * @param name the bytes of the base name, that is, what follows the last `/`; need not be valid UTF-8
 * @param extensions lower case, without a leading dot; an extension may contain one dot (`fb2.zip`)
 */
export function isBookName(name: Uint8Array, extensions: ReadonlySet<string>): boolean {
  return isLatin1BookName(Buffer.from(name).toString('latin1'), extensions);
}

/** Like `isBookName`, for a name as a latin1 string (see latin1-path.ts). */
export function isLatin1BookName(name: string, extensions: ReadonlySet<string>): boolean {
  const lastDot = name.lastIndexOf('.');
  // A leading dot marks a hidden file; it does not start an extension.
  if (lastDot <= 0) return false;
  // On file systems that are not its own, macOS stores the attributes of Book.epub in `._Book.epub`.
  if (name.startsWith('._')) return false;
  if (extensions.has(extensionFrom(name, lastDot))) return true;
  const dotBefore = name.lastIndexOf('.', lastDot - 1);
  return dotBefore > 0 && extensions.has(extensionFrom(name, dotBefore));
}

function extensionFrom(name: string, dot: number): string {
  const bytes = name.slice(dot + 1);
  const text = isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString();
  return text.toLowerCase();
}
