import { type Command, InvalidArgumentError } from 'commander';
import { getUserByName } from '../accounts/get-user.js';
import type { LinkedFor } from '../book/document-link.js';
import { joinSuccessor } from '../book/join-successor.js';
import { type BookCursor, type BookSummary, listBooks } from '../book/list-books.js';
import { parsePathSearch, SEARCH_WORDS } from '../book/path-search.js';
import { type ComposedStore, withStore } from '../compose/composed-store.js';
import { OPERATOR } from '../domain/actor.js';
import type { Document } from '../domain/document.js';
import { bookId } from '../domain/ids.js';
import type { BookId } from '../domain/ids.js';
import type { Page, PageRequest } from '../domain/page.js';
import { linkDocument, unlinkDocument } from '../sync/link-document.js';
import { allPages } from './all-pages.js';
import type { CommandContext } from './context.js';
import { documentArgument } from './document-argument.js';
import { EXIT } from './exit-code.js';
import { writeError, writeJsonLine, writeLine, writeNote } from './output.js';
import { jsonPath, shownPath, shownText } from './shown-text.js';

interface FindFlags {
  readonly title?: true;
  readonly json?: true;
}

interface LinkFlags {
  readonly user?: string;
  readonly everybody?: true;
}

export function fillBookCommand(book: Command, context: CommandContext): void {
  book
    .command('find')
    .argument('<words...>', 'words that the path has, in upper or lower case')
    .description('list the books whose path has all of these words')
    .option('--title', 'search in titles, authors and series instead of paths')
    .option('--json', 'one JSON object a line')
    .action((words: readonly string[], flags: FindFlags, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const search = parsePathSearch(words.join(' '));
        if (search === undefined || words.length > SEARCH_WORDS) {
          writeError(`give 1 to ${String(SEARCH_WORDS)} words.`);
          context.exitWith(EXIT.usage);
          return;
        }
        let listed = 0;
        const wanted = { kind: flags.title === true ? 'title' : 'path', search } as const;
        const read = (page: PageRequest<BookCursor>): Promise<Page<BookSummary, BookCursor>> =>
          listBooks(store, OPERATOR, { libraryId: undefined, wanted }, page);
        for await (const each of allPages(read)) {
          listed++;
          if (flags.json === true) writeJsonLine(asJson(each));
          else writeLine(`${String(each.book.id)}: ${shownPath(each.book.path)}${shownTitle(each)}`);
        }
        if (listed === 0) {
          writeNote(`No book has a ${flags.title === true ? 'title or authors' : 'path'} with these words.`);
        }
      }),
    );

  book
    .command('join')
    .argument(
      '<missing>',
      'the id of a missing book; "dogear why" says what it may have become',
      bookArgument,
    )
    .argument('<successor>', 'the id of the book that has its new file, in the same library', bookArgument)
    .description('make a missing book and the one that it has become one book; cannot be undone')
    .action((missingId: BookId, successorId: BookId, _flags: object, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { book: joined } = await joinSuccessor(store, OPERATOR, { missingId, successorId });
        writeLine(
          `The book ${String(joined.id)} is now ${shownPath(joined.path)}, and keeps the digests of both.`,
        );
      }),
    );

  const changing = (name: 'link' | 'unlink', description: string): Command =>
    book
      .command(name)
      .argument('<document>', 'as "dogear unmatched list" shows it', documentArgument)
      .argument('<book>', 'the id of the book, as "dogear book find" shows it', bookArgument)
      .description(description)
      .option('--user <name>', 'for this user')
      .option('--everybody', 'for all users');

  changing('link', 'let a document find a book, for one user or for everybody').action(
    (document: Document, id: BookId, flags: LinkFlags, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const linkedFor = await linkedForOfFlags(store, context, flags);
        if (linkedFor === undefined) return;
        await linkDocument(store, OPERATOR, { document, bookId: id, linkedFor });
        writeLine(`Linked ${shownText(document)} to the book ${String(id)}.`);
      }),
  );

  changing('unlink', 'take such a link back; the document keeps its progress for itself').action(
    (document: Document, id: BookId, flags: LinkFlags, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const linkedFor = await linkedForOfFlags(store, context, flags);
        if (linkedFor === undefined) return;
        await unlinkDocument(store, OPERATOR, { document, bookId: id, linkedFor });
        writeLine(`${shownText(document)} is no longer linked to the book ${String(id)}.`);
      }),
  );
}

async function linkedForOfFlags(
  store: ComposedStore,
  context: CommandContext,
  { user, everybody }: LinkFlags,
): Promise<LinkedFor | undefined> {
  if ((user === undefined) === (everybody === undefined)) {
    writeError('say for whom: --user NAME or --everybody.');
    context.exitWith(EXIT.usage);
    return undefined;
  }
  return user === undefined ? 'everybody' : (await getUserByName(store, user)).id;
}

function bookArgument(text: string): BookId {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('The id of a book is a whole number.');
  return bookId(Number(text));
}

function shownTitle({ metadata }: BookSummary): string {
  if (metadata?.title === undefined) return '';
  const by = metadata.authors.length === 0 ? '' : ` by ${metadata.authors.map(shownText).join(', ')}`;
  return ` ("${shownText(metadata.title)}"${by})`;
}

function asJson({ book, metadata }: BookSummary): object {
  return {
    book_id: book.id,
    library_id: book.libraryId,
    ...jsonPath(book.path),
    title: metadata?.title ?? null,
    authors: metadata?.authors ?? [],
  };
}
