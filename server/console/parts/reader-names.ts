import { shownText } from './path.js';

/** What people call devices, documents and permissions. */

interface NamedDevice {
  readonly name: string;
  readonly friendly_name: string | null;
}

export function deviceTitle({ friendly_name: friendlyName, name }: NamedDevice): string {
  return shownText(friendlyName ?? (name.trim() === '' ? 'A reader without a name' : name));
}

interface NamedDocument {
  readonly document: string;
  readonly book: { readonly file_name: string; readonly title: string | null } | null;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
}

/** The title that a reader sent, or else that of the book, or else the name of the file, or else the document itself. */
export function documentTitle({ document, book, metadata }: NamedDocument): string {
  return shownText(
    textOf(metadata?.['title']) ??
      textOf(book?.title) ??
      book?.file_name ??
      textOf(metadata?.['filename']) ??
      document,
  );
}

/** KOReader sends one author a line. */
export function documentAuthors(metadata: NamedDocument['metadata']): string | undefined {
  const authors = textOf(metadata?.['authors']);
  return authors === undefined ? undefined : shownText(authors.split('\n').join(', '));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
