import { posix } from 'node:path';
import type { SourceFile } from './source-files.js';

const EXPORTED_FUNCTION = /^export (?:async )?(?:function\*? |class )(\w+)/gm;
const IMPORT_OF_OURS = /^import (?:type )?\{([^}]*)\} from '\.[^']*';/gm;

/** Functions and classes of the program that two files export under one name. */
export function sharedNames(files: readonly SourceFile[]): readonly string[] {
  const homes = new Map<string, Set<string>>();
  for (const { path, text } of files) {
    if (!/^(?:config|engine|server)\//.test(path) || path === 'engine/index.ts') continue;
    for (const [, name = ''] of text.matchAll(EXPORTED_FUNCTION)) {
      // A set, because overloads repeat a name within one file.
      homes.set(name, (homes.get(name) ?? new Set()).add(path));
    }
  }
  return [...homes].flatMap(([name, paths]) =>
    paths.size > 1 ? [`${name} stands in ${[...paths].join(' and ')}`] : [],
  );
}

/** Imports of this repository's own names under another name. */
export function renamedImports({ path, text }: SourceFile): readonly string[] {
  if (!/^(?:bench|config|engine|server)\//.test(path)) return [];
  return [...text.matchAll(IMPORT_OF_OURS)].flatMap(([, names = '']) =>
    [...names.matchAll(/\b(\w+) as (\w+)/g)].map(([renamed]) => `${path}: imports ${renamed}`),
  );
}

interface TableHome {
  /** The only file that writes the table, and that reads it by itself. */
  readonly owner: string;
  /** Files whose statements read it together with a table of their own. */
  readonly readers: readonly string[];
}

const LIBRARIES = 'server/library/library-repository.ts';
const READERS = 'server/library/library-reader-repository.ts';
const BOOKS = 'server/book/book-repository.ts';
const DIGESTS = 'server/book/digest-repository.ts';
const USERS = 'server/accounts/user-repository.ts';
const KEYS = 'server/accounts/keys/api-key-repository.ts';
const DEVICES = 'server/device/device-repository.ts';
const PROGRESS = 'server/sync/progress-repository.ts';
const SCANS = 'server/scan/scan-repository.ts';

/** Where each table's SQL stands. A look-up by digest reads books and former digests in one statement. */
export const TABLE_HOMES: Readonly<Record<string, TableHome>> = {
  user: { owner: USERS, readers: [KEYS, READERS] },
  api_key: { owner: KEYS, readers: [] },
  library: { owner: LIBRARIES, readers: [READERS] },
  restricted_library: { owner: READERS, readers: [LIBRARIES] },
  library_reader: { owner: READERS, readers: [LIBRARIES] },
  book: { owner: BOOKS, readers: [DIGESTS] },
  former_digest: { owner: DIGESTS, readers: [] },
  device: { owner: DEVICES, readers: [PROGRESS] },
  progress: { owner: PROGRESS, readers: [] },
  arrival_counter: { owner: PROGRESS, readers: [] },
  scan: { owner: SCANS, readers: [] },
};

/** Files that speak SQL for a table whose home is elsewhere. */
export function tableProblems({ path, text }: SourceFile): readonly string[] {
  if (!path.startsWith('server/') || path.startsWith('server/database/')) return [];
  return Object.entries(TABLE_HOMES).flatMap(([table, { owner, readers }]) => {
    if (path === owner) return [];
    const name = `["'\`]?${table}\\b`;
    const writes = new RegExp(
      `(?:insertInto|updateTable|deleteFrom)\\('${table}\\b|table: '${table}'|(?:insert into|update|delete from) ${table}\\b`,
    );
    if (writes.test(text)) return [`${path}: writes the table ${table}, whose home is ${owner}`];
    const reads = new RegExp(
      `(?:selectFrom|[jJ]oin)\\(\\s*${name}|byIndex\\(\\s*store, '${table}'|(?:from|join) ${table}\\b`,
    );
    return reads.test(text) && !readers.includes(path)
      ? [`${path}: reads the table ${table}, whose home is ${owner}`]
      : [];
  });
}

/** Folders of test/ that are named after no folder and no file of the tree. Support and data are for all tests. */
export function strayTestFolders(files: readonly SourceFile[]): readonly string[] {
  const folders = new Set(files.map(({ path }) => posix.dirname(path)));
  const namesakes = new Set(
    files
      .filter(({ path }) => !path.startsWith('test/'))
      .flatMap(({ path }) => ancestors(path.replace(/\.ts$/, ''))),
  );
  return [...folders]
    .filter((folder) => folder.startsWith('test/') && !/^test\/(?:support|data)(?:\/|$)/.test(folder))
    .filter((folder) => !namesakes.has(folder.slice('test/'.length)));
}

/** `a`, `a/b` and `a/b/c` of `a/b/c`. */
function ancestors(folder: string): readonly string[] {
  const parts = folder.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Written by the program or by the build, and so not among the files of the checkout. */
const MADE_LATER: ReadonlySet<string> = new Set(['summary.md', 'rounds.generated.ts']);

/**
 * Files that comments name but that do not exist. A comment names a file by its path from the top of the checkout, by
 * its path from the file it stands in, or by its last parts alone.
 *
 * @param paths all files of the checkout
 */
export function deadFileNames({ path, text }: SourceFile, paths: readonly string[]): readonly string[] {
  return commentsOf(text).flatMap(({ comment, line }) =>
    [...comment.matchAll(/(?<![\w/.-])[\w.-]+(?:\/[\w.-]+)*\.(?:ts|mts|md|mjs)\b/g)].flatMap(([name]) => {
      const here = posix.join(posix.dirname(path), name);
      const exists =
        MADE_LATER.has(posix.basename(name)) ||
        paths.some((file) => file === name || file === here || file.endsWith(`/${name}`));
      return exists ? [] : [`${path}:${String(line)}: names ${name}, which does not exist`];
    }),
  );
}

/** The text of comments, a line at a time. A URL in a string is taken for one, which does no harm here. */
function commentsOf(text: string): readonly { readonly comment: string; readonly line: number }[] {
  let isInBlock = false;
  return text.split('\n').flatMap((source, index) => {
    const start = isInBlock ? 0 : source.search(/\/\*|(?:^|\s)\/\//);
    if (start === -1) return [];
    const isBlock = isInBlock || source.startsWith('/*', start);
    isInBlock = isBlock && !source.includes('*/', start);
    return [{ comment: source.slice(start), line: index + 1 }];
  });
}
