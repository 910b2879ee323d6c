import { filenameMd5 } from '../../engine/index.js';
import type { BookMetadata } from './book-metadata.js';

/**
 * The names under which devices have a file that is called differently in its library. Readers that match documents by
 * file name send the MD5 of their own name. Each form has an origin:
 *
 * - `nfc`, `nfd`: accents composed or decomposed. macOS writes decomposed names, most others composed ones (UAX #15).
 * - `koreader`: as KOReader saves a download on FAT, exFAT and Android: `getSafeFilename` and `replaceAllInvalidChars`
 * in its
 *   frontend/util.lua (fc88887).
 * - `calibre`: as Calibre writes a name to any disk or device: `sanitize_file_name` in its src/calibre/__init__.py.
 * - `ascii`: the same without accents, as Calibre does it for devices that are set so: `ascii_filename` in its
 *   src/calibre/utils/filenames.py. Only for letters that are a base letter with a mark, and the common ones below.
 * - `kepub`: the three ways to write the extension of a book for Kobo: `.kepub.epub`, `.kepub` and `.epub`. Calibre's
 * driver
 *   and kepubify make the first of them, other programs strip it.
 * - `opds`: "Author - Title.ext", as KOReader names a download from an OPDS catalogue: `getFileName` of its
 *   OPDS browser (fc88887).
 */
export const NAME_FORMS = ['nfc', 'nfd', 'koreader', 'calibre', 'ascii', 'kepub', 'opds'] as const;
export type NameForm = (typeof NAME_FORMS)[number];

export interface NameFormDigest {
  readonly origin: NameForm;
  /** The filename MD5 of the form, 16 bytes. */
  readonly digest: Buffer;
}

/** Real names have one to five. The bound is for names that combine everything: each form costs a row and an index entry. */
export const MOST_NAME_FORMS = 16;

/** What none of the rules changes: most names. Tested before anything is decoded. */
const PLAIN = /^[\x20-\x7e]*$/;
const SPECIAL = /[\\:*?"<>|+]|\.\.|^[. ]|[. ](?:\.|$)|\.kepub/i;

/**
 * The digests of the forms of a name that differ from it, at most {@link MOST_NAME_FORMS}, those of the simplest rules
 * first.
 *
 * @param name the base name of the file, bytes. Of a name that is not UTF-8 there are none but that of the metadata
 * @param metadata of the book, if it is known
 */
export function nameForms(name: Buffer, metadata?: BookMetadata): readonly NameFormDigest[] {
  const forms = new Map<string, NameForm>();
  const text = name.toString('utf8');
  if (!isPlain(name) && Buffer.from(text).equals(name)) addForms(forms, text);
  if (metadata !== undefined) addDownload(forms, text, metadata);
  forms.delete(text);
  return [...forms]
    .slice(0, MOST_NAME_FORMS)
    .map(([form, origin]) => ({ origin, digest: filenameMd5(form) }));
}

function isPlain(name: Buffer): boolean {
  const latin1 = name.toString('latin1');
  return PLAIN.test(latin1) && !SPECIAL.test(latin1);
}

function addForms(forms: Map<string, NameForm>, name: string): void {
  const add = (form: string, origin: NameForm): void => {
    // The MD5 is that of the part after the last slash.
    if (form !== '' && !form.includes('/') && !forms.has(form)) forms.set(form, origin);
  };
  // The name itself, so that no rule adds it.
  forms.set(name, 'nfc');
  const composed = name.normalize('NFC');
  const decomposed = name.normalize('NFD');
  add(composed, 'nfc');
  add(decomposed, 'nfd');
  for (const kepub of kepubNames(name)) add(kepub, 'kepub');
  for (const each of new Set([name, composed, decomposed])) {
    add(asKoreaderSaves(each), 'koreader');
    add(asCalibreSaves(each), 'calibre');
  }
  const ascii = withoutMarks(decomposed);
  if (ascii !== undefined) add(asCalibreSaves(ascii.replaceAll('?', '_')), 'ascii');
  for (const kepub of kepubNames(composed)) {
    add(asKoreaderSaves(kepub), 'kepub');
    add(asCalibreSaves(kepub), 'kepub');
  }
}

const KEPUB = /\.kepub(?:\.epub)?$/i;

function kepubNames(name: string): readonly string[] {
  const stem = name.replace(KEPUB, '');
  return stem === name ? [] : ['.kepub.epub', '.kepub', '.epub'].map((extension) => `${stem}${extension}`);
}

/** What stands before the last dot, and after it. */
function splitName(name: string): readonly [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1)];
}

const LONGEST_STEM_BYTES = 240;
const LONGEST_EXTENSION = 10;

function asKoreaderSaves(name: string): string {
  const [before, after] = splitName(name);
  const isExtension = after.length <= LONGEST_EXTENSION;
  const stem = replaceInvalid(cutBytes((isExtension ? before : name).replaceAll(/\r?\n|\t/g, ' ')));
  return isExtension && after !== '' ? `${stem}.${replaceInvalid(after)}` : stem;
}

function replaceInvalid(text: string): string {
  return withoutEnd(text.replaceAll(/[\\/:*?"<>|]/g, '_'));
}

/** Without the dots and white space at its end. In linear time. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /[.\s]/.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** KOReader counts bytes, and drops the character that is cut. */
function cutBytes(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_STEM_BYTES) return text;
  let end = LONGEST_STEM_BYTES;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString('utf8');
}

function asCalibreSaves(name: string): string {
  const clean = name
    .replaceAll(/[\\|?*<":>+/]/g, '_')
    .replaceAll(/\p{Cc}/gu, (each) => (each < ' ' ? '_' : each))
    .replaceAll(/\s/g, ' ')
    .trim();
  const [before, extension] = splitName(clean);
  const isHidden = before === '';
  const stem = (isHidden ? clean : before).replace(/^\.+$/, '_').replaceAll('..', '_');
  const whole = isHidden || extension === clean ? stem : `${stem}.${extension}`;
  return whole.replace(/[. ]$/, '_').replace(/^\./, '_');
}

/** Letters that have no decomposition, as Calibre's tables write them. */
const LETTERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ß: 'ss',
    Æ: 'AE',
    æ: 'ae',
    Ø: 'O',
    ø: 'o',
    Œ: 'OE',
    œ: 'oe',
    Ł: 'L',
    ł: 'l',
    Đ: 'D',
    đ: 'd',
  }).concat(
    Object.entries({
      '\u2018': "'",
      '\u2019': "'",
      '\u201c': '"',
      '\u201d': '"',
      '\u2013': '-',
      '\u2026': '...',
    }),
  ),
);

/** @returns `undefined` when letters remain that are not ASCII */
function withoutMarks(decomposed: string): string | undefined {
  const text = decomposed
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\x20-\x7e]/gu, (each) => LETTERS.get(each) ?? each);
  return PLAIN.test(text) ? text : undefined;
}

/** With all authors, and with the first alone: catalogues list one or all of them. */
function addDownload(forms: Map<string, NameForm>, name: string, { title, authors }: BookMetadata): void {
  const [, extension] = splitName(name);
  const [first] = authors;
  if (title === undefined || first === undefined || extension === '') return;
  for (const author of new Set([authors.join(', '), first])) {
    const form = asKoreaderSaves(`${replaceInvalid(`${author} - ${title}`)}.${extension.toLowerCase()}`);
    if (!forms.has(form)) forms.set(form, 'opds');
  }
}
