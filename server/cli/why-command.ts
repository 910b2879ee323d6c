import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import type { Command } from 'commander';
import { getUserByName } from '../accounts/get-user.js';
import { findBooksByPath } from '../book/find-books-by-path.js';
import { getBook } from '../book/get-book.js';
import { composeEngine } from '../compose/engine.js';
import { type ComposedStore, withStore } from '../compose/composed-store.js';
import { OPERATOR } from '../domain/actor.js';
import { type Document, documentOfDigest, parseDocument } from '../domain/document.js';
import { DogearError } from '../domain/dogear-error.js';
import { type BookId, bookId } from '../domain/ids.js';
import { hashPaths } from '../scan/hash-paths.js';
import { explainBook } from '../sync/explain-book.js';
import { type DocumentExplanation, explainDocument } from '../sync/explain-document.js';
import { bookExplanationSentences, explanationSentences } from '../sync/explanation-sentences.js';
import type { Configuration } from '../../config/schema.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { writeError, writeLine } from './output.js';
import { pathArgument } from './path-argument.js';
import { shownPath, shownText } from './shown-text.js';

export function fillWhyCommand(why: Command, context: CommandContext): void {
  why
    .argument(
      '<thing>',
      'a file; the id or the path of a book; or a document as "dogear unmatched list" shows it',
      pathArgument,
    )
    .requiredOption('--user <name>', 'the user whose device pushes it')
    .action(async (thing: Buffer, { user }: { readonly user: string }, command: Command) => {
      const configuration = context.configuration(command);
      const isFile = existsSync(thing);
      const ofFile = isFile ? await documentsOfFile(configuration, thing) : [];
      await withStore(configuration, async (store) => {
        const books = await booksOfArgument(store, thing, isFile);
        // A book, where it is one: the other things that the same text may mean are no help then.
        const documents = isFile || books.length > 0 ? ofFile : documentsOfArgument(thing);
        if (documents.length + books.length === 0) {
          context.exitWith(EXIT.failed);
          return;
        }
        const { id: userId } = await getUserByName(store, user);
        for (const document of documents) {
          const known = await explainDocument(store, OPERATOR, { userId, document });
          if (!isFile && isNothing(known)) {
            writeError(
              `${shownText(document)}: there is no such file and no such book, and no device of the user has pushed it`,
            );
            context.exitWith(EXIT.failed);
            return;
          }
          write(document, explanationSentences(known));
        }
        for (const id of books) {
          const known = await explainBook(store, OPERATOR, { userId, bookId: id });
          write(`book ${String(id)}`, bookExplanationSentences(known));
        }
      });
    });
}

function write(what: string, sentences: readonly string[]): void {
  writeLine(`${shownText(what)}:`);
  for (const sentence of sentences) writeLine(`  ${shownText(sentence)}`);
}

/** Any text may be a document. One that is no digest, and that nobody knows, is more likely a mistyped path or id. */
function isNothing({ isDigest, isKnown, books, progress, refused }: DocumentExplanation): boolean {
  return !isDigest && !isKnown && books.length === 0 && progress === undefined && refused === undefined;
}

/** The book at the path, or of the id. */
async function booksOfArgument(
  store: ComposedStore,
  thing: Buffer,
  isFile: boolean,
): Promise<readonly BookId[]> {
  const path = isFile ? await realpath(thing, 'buffer') : thing;
  const found = await findBooksByPath(store, OPERATOR, path);
  const text = thing.toString('latin1');
  if (found.length > 0 || isFile || !/^[1-9]\d{0,14}$/.test(text)) return found;
  try {
    return [(await getBook(store, OPERATOR, bookId(Number(text)))).book.id];
  } catch (error) {
    if (error instanceof DogearError && error.code === 'book-not-found') return [];
    throw error;
  }
}

function documentsOfArgument(thing: Buffer): readonly Document[] {
  const document = parseDocument(thing.toString('utf8'));
  if (document !== undefined) return [document];
  writeError(`${shownPath(thing)}: there is no such file, and a document has 1 to 255 bytes of text`);
  return [];
}

/** Its partial MD5 and the MD5 of its name, hashed now. */
async function documentsOfFile(configuration: Configuration, path: Buffer): Promise<readonly Document[]> {
  const engine = composeEngine(configuration);
  try {
    const documents: Document[] = [];
    for await (const { outcome } of hashPaths(engine, [path], { foldersAreFailures: true })) {
      if (outcome.state === 'failed') writeError(`${shownPath(path)}: ${outcome.message}`);
      else documents.push(documentOfDigest(outcome.partialMd5), documentOfDigest(outcome.filenameMd5));
    }
    return documents;
  } finally {
    await engine.close();
  }
}
