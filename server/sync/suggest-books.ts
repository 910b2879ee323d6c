import { createHash } from 'node:crypto';
import { booksOfDigests } from '../book/digest-repository.js';
import { idChunks } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { visibleLibraries } from '../library/library-repository.js';
import type { ShelvedBook } from './books-of-documents.js';

export type SuggestionReason = 'same-file-name' | 'other-format' | 'title-and-author' | 'title';

/** A book that may be the one of a document. */
export interface Suggestion {
  readonly book: ShelvedBook;
  /** The strongest reason. */
  readonly reason: SuggestionReason;
}

/** What readers said about a document. */
interface Described {
  readonly document: Document;
  readonly metadataJson: string | undefined;
}

/** Formats in which somebody has a book that a library has in another one. */
const EXTENSIONS = ['epub', 'kepub.epub', 'pdf', 'cbz', 'mobi', 'azw3', 'fb2'];
/** What Calibre replaces in the names of files. */
const NOT_IN_NAMES = /[\\/:*?"<>|]/g;
const REASONS: readonly SuggestionReason[] = ['same-file-name', 'title-and-author', 'other-format', 'title'];

/**
 * Books that the user may see and whose file names follow from what readers said: the file name, the same name in another
 * format, or the title with or without the author as Calibre and catalogues name files. Such a name is looked up by its MD5,
 * by the index that pushes use, so a page of documents costs a few statements whatever the size of the libraries. At most one
 * book for each reason, the strongest first. Documents without a suggestion are left out.
 */
export async function suggestBooks(
  store: Store,
  userId: UserId,
  documents: readonly Described[],
): Promise<ReadonlyMap<Document, readonly Suggestion[]>> {
  const named = documents.flatMap(({ document, metadataJson }) =>
    likelyNames(metadataJson).map(({ name, reason }) => ({
      document,
      reason,
      digest: createHash('md5').update(name).digest(),
    })),
  );
  if (named.length === 0) return new Map();
  const libraries = await visibleLibraries(store, userId);
  const libraryNames = new Map(libraries.map(({ id, name }) => [id, name]));
  const books = new Map<string, ShelvedBook>();
  for (const chunk of idChunks(named.map(({ digest }) => digest))) {
    for (const { digest, book } of await booksOfDigests(store, chunk, [...libraryNames.keys()])) {
      books.set(digest.toString('hex'), { ...book, libraryName: libraryNames.get(book.libraryId) ?? '' });
    }
  }
  const suggestions = new Map<Document, Suggestion[]>();
  for (const reason of REASONS) {
    for (const each of named) {
      const book = books.get(each.digest.toString('hex'));
      if (each.reason !== reason || book === undefined) continue;
      const list = suggestions.get(each.document) ?? [];
      suggestions.set(each.document, list);
      const isNew = list.every((other) => other.book.id !== book.id && other.reason !== reason);
      if (isNew) list.push({ book, reason });
    }
  }
  return suggestions;
}

interface LikelyName {
  readonly name: string;
  readonly reason: SuggestionReason;
}

function likelyNames(metadataJson: string | undefined): readonly LikelyName[] {
  if (metadataJson === undefined) return [];
  const metadata: unknown = JSON.parse(metadataJson);
  const fileName = textIn(metadata, 'filename');
  const title = textIn(metadata, 'title')?.replaceAll(NOT_IN_NAMES, '_');
  const author = textIn(metadata, 'authors')?.split('\n')[0]?.replaceAll(NOT_IN_NAMES, '_');
  const inFormats = (stem: string, reason: SuggestionReason) =>
    EXTENSIONS.map((extension) => ({ name: `${stem}.${extension}`, reason }));
  const base = fileName?.slice(fileName.lastIndexOf('/') + 1);
  const stem = base?.replace(/\.kepub\.epub$|\.[^.]+$/i, '');
  return [
    ...(base === undefined ? [] : [{ name: base, reason: 'same-file-name' as const }]),
    ...(stem === undefined ? [] : inFormats(stem, 'other-format')),
    ...(title === undefined ? [] : inFormats(title, 'title')),
    ...(title === undefined || author === undefined
      ? []
      : [`${title} - ${author}`, `${author} - ${title}`].flatMap((each) =>
          inFormats(each, 'title-and-author'),
        )),
  ];
}

/** @returns `undefined` unless the value is an object with a text of this name */
function textIn(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  const text: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  return typeof text === 'string' && text !== '' ? text : undefined;
}
