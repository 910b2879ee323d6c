import { isAscii } from './latin-path.js';

/**
 * Every extension that KOReader opens as a document: what crengine, MuPDF and DjVuLibre are registered for in its
 * `frontend/document/*document.lua`, comics included, plus the other names of the same formats that are in
 * circulation (azw3, djv, oxps, cbr, cb7).
 *
 * Its picture types are left out: beside a book they are its cover, and a library may name its own extensions.
 */
export const KOREADER_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    'azw azw3 chm doc docm docx epub epub3 fb2 fb2.zip fb3 htm htm.zip html html.zip log log.zip md md.zip mobi odt ' +
    'pdb prc rtf rtf.zip tcr txt txt.zip xhtml xml zip ' +
    'cfb pdf pptx tar xlsx xps oxps djvu djv cbz cbt cbr cb7'
  ).split(' '),
);

/**
 * Whether a file of this name is a book.
 *
 * @param name the bytes after the last `/`
 * @param extensions lower case, without a leading dot; one may hold a dot (`fb2.zip`). In names they may have any case
 */
export function isBookName(name: Uint8Array, extensions: ReadonlySet<string>): boolean {
  return isLatin1BookName(Buffer.from(name).toString('latin1'), extensions);
}

/** The same for a name whose bytes are the characters of a string (see latin-path.ts). */
export function isLatin1BookName(name: string, extensions: ReadonlySet<string>): boolean {
  const lastDot = name.lastIndexOf('.');
  // A dot in front makes a hidden file, not an extension.
  if (lastDot <= 0) return false;
  // `._Book.epub` is where macOS keeps the attributes of Book.epub on foreign file systems.
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
