import type { BookId, LibraryId } from '../domain/ids.js';
import type { BookMetadata } from './book-metadata.js';
import { foldedText } from './path-search.js';

/** The lists of a catalogue. The database stores their places in this array. */
export const NAME_KINDS = ['title', 'author', 'series'] as const;
export type NameKind = (typeof NAME_KINDS)[number];

/** A place of a book in one of the lists. */
export interface ListedName {
  readonly libraryId: LibraryId;
  readonly kind: NameKind;
  /** In this order names are listed, byte by byte. Names with the same key are one. */
  readonly sortKey: Buffer;
  /** Within a series: the number of the book. Otherwise 0. */
  readonly place: number;
  readonly bookId: BookId;
  /** As it is shown. `undefined`: of a title, which is shown as the book has it. */
  readonly name: string | undefined;
}

/** Behind which place of a list a page begins. */
export type NamePlace = Pick<ListedName, 'sortKey' | 'place' | 'bookId'>;

/** The width of the column. Names that are equal so far are one name. */
const KEY_BYTES = 96;
/** In UTF-16 units; the width of the column. */
const NAME_CHARACTERS = 255;

export interface BookToList {
  readonly id: BookId;
  readonly libraryId: LibraryId;
  /** Relative to the library's root, bytes. */
  readonly path: Buffer;
  readonly metadata: BookMetadata | undefined;
}

/** The title of a book: the name of the file where its metadata has none. */
export function titleOf({ path, metadata }: Pick<BookToList, 'path' | 'metadata'>): string {
  if (metadata?.title !== undefined) return metadata.title;
  const name = path.subarray(path.lastIndexOf(0x2f) + 1).toString('utf8');
  return name.replace(/(?<=.)\.[^.]*$/u, '');
}

/** The places of a book in all lists. */
export function listedNamesOf({ id: bookId, libraryId, path, metadata }: BookToList): readonly ListedName[] {
  const listed = (kind: NameKind, key: string, name?: string, place = 0): readonly ListedName[] => {
    const sortKey = sortKeyOf(key);
    const shown = name === undefined ? undefined : Buffer.from(name.slice(0, NAME_CHARACTERS)).toString();
    // A name of nothing but punctuation has no place.
    return sortKey.length === 0 ? [] : [{ libraryId, kind, sortKey, place, bookId, name: shown }];
  };
  const authors = new Map((metadata?.authors ?? []).map((author) => [authorKey(author), author]));
  const series = metadata?.series;
  return [
    ...listed('title', titleOf({ path, metadata })),
    ...[...authors].flatMap(([key, author]) => listed('author', key, author)),
    ...(series === undefined ? [] : listed('series', series, series, metadata?.seriesIndex ?? 0)),
  ];
}

/** The last name first, as it is already where there is a comma: "Jane Austen" and "Austen, Jane" are one author. */
function authorKey(author: string): string {
  if (author.includes(',')) return author.replaceAll(',', ' ');
  const words = author.trim().split(/\s+/u);
  return [words.at(-1) ?? '', ...words.slice(0, -1)].join(' ');
}

/** Letters and digits alone, without accents, in lower case. */
function sortKeyOf(text: string): Buffer {
  const plain = foldedText(text.normalize('NFD').replaceAll(/\p{M}/gu, ''))
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  let bytes = Buffer.from(plain).subarray(0, KEY_BYTES);
  // Without the part of a character at its end.
  while (bytes.length > 0 && !plain.startsWith(bytes.toString())) bytes = bytes.subarray(0, -1);
  return bytes;
}
