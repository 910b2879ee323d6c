import { type Command, InvalidArgumentError } from 'commander';
import { getUserByName } from '../accounts/get-user.js';
import { type LibraryTotals, listLibraryTotals } from '../book/library-details.js';
import type { PassCounts } from '../book/book-metadata.js';
import { readLibraryMetadata } from '../book/read-metadata.js';
import { addLibrary } from '../library/add-library.js';
import { changeLibrary } from '../library/change-library.js';
import { getLibrariesByName, getLibraryByName } from '../library/get-library.js';
import type { RemovalCounts } from '../removal/going-books.js';
import { purgeLibrary } from '../removal/purge-library.js';
import { countLibraryRemoval, removeLibrary } from '../removal/remove-library.js';
import { adoptUnmatched } from '../sync/adopt-unmatched.js';
import { OPERATOR } from '../domain/actor.js';
import { withStore } from '../compose/composed-store.js';
import { countedNoun } from './counted-noun.js';
import { isConfirmed } from './confirm.js';
import { parseDays } from './days-argument.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { listenForInterrupt } from './interrupt.js';
import { parseExtensions } from './list-options.js';
import { writeError, writeJsonLine, writeLine, writeNote } from './output.js';
import { pathArgument } from './path-argument.js';
import { jsonPath, shownPath, shownText } from './shown-text.js';

interface AddFlags {
  readonly extensions?: readonly string[];
  readonly koreaderHashes: boolean;
  readonly skipSystem: boolean;
  readonly ignore?: readonly string[];
  readonly followLinks?: true;
}

interface SetFlags {
  readonly name?: string;
  readonly root?: Buffer;
  readonly extensions?: readonly string[];
  readonly koreaderHashes?: boolean;
  readonly skipSystem?: boolean;
  readonly ignore?: readonly string[] | false;
  readonly followLinks?: boolean;
  readonly restricted?: boolean;
  readonly addReader?: string;
  readonly removeReader?: string;
}

export function fillLibraryCommand(library: Command, context: CommandContext): void {
  library
    .command('add')
    .argument('<name>', 'name of the library')
    .argument('<root>', 'its folder of books', pathArgument)
    .description('add a folder as a library; "dogear scan" then finds its books')
    .option(
      '--extensions <list>',
      'file extensions of books, for example epub,pdf,cbz (default: all that KOReader opens)',
      parseExtensions,
    )
    .option('--no-koreader-hashes', 'do not hash the books; readers then do not find them')
    .option(
      '--no-skip-system',
      'also look into folders of trash and of programs, such as .caltrash and #recycle',
    )
    .option(
      '--ignore <pattern>',
      'also leave out what matches a pattern of .gitignore; may be given again',
      collected,
    )
    .option('--follow-links', 'follow links to folders that lie outside of the library')
    .action((name: string, root: Buffer, flags: AddFlags, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const added = await addLibrary(store, {
          name,
          root,
          extensions: flags.extensions,
          koreaderHashes: flags.koreaderHashes,
          fileRules: {
            skipSystem: flags.skipSystem,
            ignorePatterns: flags.ignore ?? [],
            followLinks: flags.followLinks === true,
          },
        });
        writeLine(`Added the library "${added.name}" at ${shownPath(added.root)}.`);
      }),
    );

  library
    .command('list')
    .description('list the libraries with their numbers of books')
    .option('--json', 'one JSON object a line')
    .action((flags: { readonly json?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const listed = await listLibraryTotals(store);
        if (listed.length === 0)
          writeNote('There is no library yet; add one with "dogear library add NAME ROOT".');
        for (const entry of listed) {
          if (flags.json === true) writeJsonLine(asJson(entry));
          else writeLine(asText(entry));
        }
      }),
    );

  library
    .command('set')
    .argument('<name>', 'name of the library')
    .description('change a library; the next scan acts on it')
    .option('--name <name>', 'a new name')
    .option(
      '--root <folder>',
      'the new path of a folder that was moved; books keep their digests and progress',
      pathArgument,
    )
    .option(
      '--extensions <list>',
      'file extensions of books; "default" for all that KOReader opens',
      parseExtensions,
    )
    .option('--koreader-hashes <on|off>', 'whether its books are hashed', parseOnOrOff)
    .option(
      '--skip-system <on|off>',
      'whether folders of trash and of programs, such as .caltrash and #recycle, are left out',
      parseOnOrOff,
    )
    .option(
      '--ignore <pattern>',
      'patterns of .gitignore of what is left out, instead of those before; may be given again',
      collected,
    )
    .option('--no-ignore', 'without such patterns')
    .option('--follow-links <on|off>', 'whether links to folders that lie outside are followed', parseOnOrOff)
    .option('--restricted <on|off>', 'whether only its readers see it', parseOnOrOff)
    .option('--add-reader <user>', 'let a user see it when it is restricted')
    .option('--remove-reader <user>', 'no longer let a user see it while it is restricted')
    .action((name: string, flags: SetFlags, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { restricted, addReader, removeReader, skipSystem, ignore, followLinks, ...changes } = flags;
        const { id } = await getLibraryByName(store, name);
        const userNamed = async (reader: string | undefined) =>
          reader === undefined ? undefined : (await getUserByName(store, reader)).id;
        const { library: changed } = await changeLibrary(store, OPERATOR, id, {
          ...changes,
          fileRules: {
            ...(skipSystem === undefined ? {} : { skipSystem }),
            ...(ignore === undefined ? {} : { ignorePatterns: ignore === false ? [] : ignore }),
            ...(followLinks === undefined ? {} : { followLinks }),
          },
          isRestricted: restricted,
          addReader: await userNamed(addReader),
          removeReader: await userNamed(removeReader),
        });
        writeLine(`Changed the library "${changed.name}".`);
      }),
    );

  library
    .command('metadata')
    .argument('[library...]', 'names of libraries (default: all)')
    .description('read titles and authors from EPUBs that are new or have changed since they were read')
    .option('--json', 'one JSON object a line')
    .action((names: string[], flags: { readonly json?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const interrupt = listenForInterrupt();
        try {
          for (const each of await getLibrariesByName(store, names)) {
            if (interrupt.signal.aborted) break;
            const counts = await readLibraryMetadata(store, each, {
              signal: interrupt.signal,
              isPaced: false,
              onFault: ({ message }) => writeError(message),
            });
            // The forms of names may be those of documents that found no book.
            await adoptUnmatched(store);
            if (counts === undefined) {
              writeError(`the metadata of "${each.name}" is being read already.`);
              context.exitWith(EXIT.failed);
            } else if (flags.json === true) writeJsonLine({ library: each.name, ...counts });
            else writeLine(`${each.name}: ${asMetadataCounts(counts)}.`);
          }
        } finally {
          interrupt.release();
        }
        const code = interrupt.exitCode();
        if (code !== undefined) context.exitWith(code);
      }),
    );

  library
    .command('purge')
    .argument('[library...]', 'names of libraries (default: all)')
    .description(
      'remove books that have long been missing; progress stays, and digests for the next book of the same content',
    )
    .option('--missing-for <days>', 'how long, such as 30d; 0d for all missing books', parseDays, 90)
    .option('--yes', 'do not ask')
    .action(
      (names: string[], flags: { readonly missingFor: number; readonly yes?: true }, command: Command) =>
        withStore(context.configuration(command), async (store) => {
          const { missingFor: missingForDays } = flags;
          for (const { id, name } of await getLibrariesByName(store, names)) {
            const purge = (isDryRun: boolean) =>
              purgeLibrary(store, OPERATOR, id, { missingForDays, isDryRun });
            const counts = await purge(true);
            const since = `missing for ${countedNoun(missingForDays, 'day')} or longer`;
            if (counts.books === 0) {
              writeLine(`${name}: no book has been ${since}.`);
              continue;
            }
            writeNote(`${name}: ${asLoss(counts)}, ${since}.`);
            if (!(await isConfirmed('Remove them?', flags.yes === true))) {
              context.exitWith(EXIT.failed);
              return;
            }
            writeLine(`${name}: removed ${String((await purge(false)).books)} missing books.`);
          }
        }),
    );

  library
    .command('remove')
    .argument('<name>', 'name of the library')
    .description('remove a library and its books from the database; no file is touched, and progress stays')
    .option('--yes', 'do not ask')
    .action((name: string, flags: { readonly yes?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const removed = await getLibraryByName(store, name);
        const counts = await countLibraryRemoval(store, OPERATOR, removed.id);
        if (counts.books > 0) {
          writeNote(`The library "${removed.name}" has ${asLoss(counts)}.`);
          if (!(await isConfirmed('Remove it?', flags.yes === true))) {
            context.exitWith(EXIT.failed);
            return;
          }
        }
        await removeLibrary(store, OPERATOR, removed.id);
        writeLine(`Removed the library "${removed.name}". Its files were not touched.`);
      }),
    );
}

function asLoss({ books, digests, links }: RemovalCounts): string {
  const linked = links === 0 ? '' : ` and ${countedNoun(links, 'link')} of documents`;
  return (
    `${countedNoun(books, 'book')} with ${countedNoun(digests, 'digest')}${linked} by which no other book is found ` +
    '(until a scan finds a book of the same content)'
  );
}

function asMetadataCounts({ examined, read, failed }: PassCounts): string {
  const unreadable = failed === 0 ? '' : `, ${String(failed)} of them are no EPUBs or broken ones`;
  return `${countedNoun(examined, 'book')} looked at, ${String(read)} read${unreadable}`;
}

function collected(value: string, before: readonly string[] | boolean | undefined): readonly string[] {
  return Array.isArray(before) ? [...before, value] : [value];
}

function parseOnOrOff(value: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on';
  throw new InvalidArgumentError('Expected "on" or "off".');
}

function asText({ library, books, readers }: LibraryTotals): string {
  const missing = books.missing === 0 ? '' : `, ${String(books.missing)} missing`;
  const hashes = library.koreaderHashes ? `${String(books.hashed)} hashed` : 'not hashed';
  const only = library.extensions === undefined ? '' : `, only ${library.extensions.join(' ')}`;
  return `${library.name}: ${shownPath(library.root)}: ${countedNoun(books.books - books.missing, 'book')}${missing}, ${hashes}${only}${shownReaders(readers)}`;
}

function asJson({ library, books, readers }: LibraryTotals): object {
  const { path, path_base64 } = jsonPath(library.root);
  return {
    name: library.name,
    root: path,
    ...(path_base64 === undefined ? {} : { root_base64: path_base64 }),
    extensions: library.extensions ?? null,
    koreader_hashes: library.koreaderHashes,
    skip_system: library.fileRules.skipSystem,
    ignore_patterns: library.fileRules.ignorePatterns,
    follow_links: library.fileRules.followLinks,
    books: books.books - books.missing,
    missing: books.missing,
    hashed: books.hashed,
    readers: readers ?? null,
  };
}

function shownReaders(readers: readonly string[] | undefined): string {
  if (readers === undefined) return '';
  return readers.length === 0
    ? ', for nobody but its managers'
    : `, only for ${readers.map(shownText).join(', ')}`;
}
