import { posix } from 'node:path';
import type { SourceFile } from './source-files.js';
import { splitComments } from './source-tokens.js';

/** The console is a program of its own. */
const PROGRAM = /^(?:config|engine|server)\/(?!console\/)/;
/** The only barrel file: all others import from the file that says what a thing is. */
const BARREL = 'engine/index.ts';

const TOP_LEVEL_NAME =
  /^(?<exported>export )?(?:abstract |async )*(?<kind>function\*?|class|interface|type|enum|const|let) (?<name>\w+)(?<rest>.*)/gm;

/** Private functions that several files have, and why they are clear where they stand. */
export const LOCAL_NAMES: Readonly<Record<string, string>> = {
  toSummary: 'from a row of the one table of a repository',
  asText: 'for the one noun of a command, without --json',
  asJson: 'for the one noun of a command, with --json',
};

/**
 * Names that mean two things: exported by two files, or that of a private function that another file has or exports.
 * Private constants may share a name with anything (`TIMEOUT_MS`), and private types with each other.
 */
export function sharedNames(files: readonly SourceFile[]): readonly string[] {
  const homes = new Map<string, { readonly paths: Set<string>; isLocal: boolean }>();
  for (const { path, text } of files) {
    if (!PROGRAM.test(path) || path === BARREL) continue;
    for (const { groups = {} } of text.matchAll(TOP_LEVEL_NAME)) {
      const { exported, kind = '', name = '', rest = '' } = groups;
      const isValue = /^(?:const|let)$/.test(kind) && !/^ = (?:async )?(?:\([^)]*\).*|\w+ )=>/.test(rest);
      if (exported === undefined && (isValue || name in LOCAL_NAMES)) continue;
      const home = homes.get(name) ?? { paths: new Set(), isLocal: true };
      // A set, because overloads repeat a name within one file.
      home.paths.add(path);
      if (exported !== undefined || !/^(?:interface|type)$/.test(kind)) home.isLocal = false;
      homes.set(name, home);
    }
  }
  return [...homes].flatMap(([name, { paths, isLocal }]) =>
    paths.size > 1 && !isLocal ? [`${name} stands in ${[...paths].join(' and ')}`] : [],
  );
}

/** Imports of this repository's own names under another name, and files that pass on what another one exports. */
export function renamedImports({ path, text }: SourceFile): readonly string[] {
  if (!/^(?:bench|config|engine|server)\//.test(path)) return [];
  const { code } = splitComments(text);
  // Not `import type * as`, by which a benchmark names the types of another build's module.
  const clauses = [...code.matchAll(/^(import|export) ((?!type \*)[\w, ]*[{*][^;'"]*) from '\.[^']*'/gm)];
  const renamed = clauses.flatMap(([, verb = '', clause = '']) =>
    [...clause.matchAll(/(?:\w+|\*) as \w+/g)].map(([names]) => `${path}: ${verb}s ${names}`),
  );
  // The lists of a WebAssembly module are what its host sees.
  const isFree = path === BARREL || path.startsWith('engine/digest/md5-lanes/assembly/');
  return isFree || !/^export (?:type )?[{*]/m.test(code)
    ? renamed
    : [...renamed, `${path}: exports a list; only ${BARREL} passes on what other files export`];
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
const KEPT_DIGESTS = 'server/book/kept-digest-repository.ts';
const WHOLE_HASHES = 'server/book/whole-hash-repository.ts';
const KEPT_LINKS = 'server/book/kept-link-repository.ts';
const BOOK_METADATA = 'server/book/book-metadata-repository.ts';
const LISTED_NAMES = 'server/book/listed-name-repository.ts';
const METADATA_PASSES = 'server/book/metadata-pass-repository.ts';
const LINKS = 'server/book/document-link-repository.ts';
const USERS = 'server/accounts/user-repository.ts';
const KEYS = 'server/accounts/keys/api-key-repository.ts';
const SESSIONS = 'server/accounts/sessions/session-repository.ts';
const CONSOLE_LINKS = 'server/accounts/sessions/console-link-repository.ts';
const OWNER_CLAIM = 'server/accounts/sessions/owner-claim-repository.ts';
const DEVICES = 'server/device/device-repository.ts';
const PROGRESS = 'server/sync/progress-repository.ts';
const DEVICE_PROGRESS = 'server/sync/device-progress-repository.ts';
const METADATA = 'server/sync/document-metadata-repository.ts';
const HISTORY = 'server/sync/progress-history-repository.ts';
const UNMATCHED = 'server/sync/unmatched-repository.ts';
const SCANS = 'server/scan/scan-repository.ts';
const SCAN_FAILURES = 'server/scan/scan-failure-repository.ts';
const CHANGE_MARKS = 'server/changes/change-mark-repository.ts';
const CACHE_MARKS = 'server/changes/cache-mark-repository.ts';
const CHANGE_SIGNS = 'server/overview/change-sign-repository.ts';

/** Where each table's SQL stands. A look-up by digest reads books and former digests in one statement. */
export const TABLE_HOMES: Readonly<Record<string, TableHome>> = {
  user: { owner: USERS, readers: [KEYS, READERS, SESSIONS, DEVICE_PROGRESS] },
  user_name_lock: { owner: USERS, readers: [] },
  api_key: { owner: KEYS, readers: [SESSIONS] },
  session: { owner: SESSIONS, readers: [] },
  console_link: { owner: CONSOLE_LINKS, readers: [] },
  owner_claim: { owner: OWNER_CLAIM, readers: [] },
  library: { owner: LIBRARIES, readers: [READERS] },
  restricted_library: { owner: READERS, readers: [LIBRARIES] },
  library_reader: { owner: READERS, readers: [LIBRARIES] },
  book: { owner: BOOKS, readers: [DIGESTS, LINKS, BOOK_METADATA] },
  book_metadata: { owner: BOOK_METADATA, readers: [BOOKS] },
  listed_name: { owner: LISTED_NAMES, readers: [] },
  metadata_pass: { owner: METADATA_PASSES, readers: [] },
  document_link: { owner: LINKS, readers: [DIGESTS] },
  former_digest: { owner: DIGESTS, readers: [] },
  kept_digest: { owner: KEPT_DIGESTS, readers: [] },
  kept_link: { owner: KEPT_LINKS, readers: [] },
  whole_hash: { owner: WHOLE_HASHES, readers: [] },
  device: { owner: DEVICES, readers: [DEVICE_PROGRESS, HISTORY, UNMATCHED] },
  document_progress: { owner: PROGRESS, readers: [DEVICE_PROGRESS, HISTORY] },
  device_progress: { owner: DEVICE_PROGRESS, readers: [PROGRESS] },
  document_metadata: { owner: METADATA, readers: [DEVICE_PROGRESS] },
  progress_history: { owner: HISTORY, readers: [] },
  unmatched_document: { owner: UNMATCHED, readers: [] },
  arrival_counter: { owner: PROGRESS, readers: [] },
  arrival_ticket: { owner: PROGRESS, readers: [] },
  scan: { owner: SCANS, readers: [CHANGE_SIGNS] },
  scan_failure_count: { owner: SCAN_FAILURES, readers: [] },
  scan_failure: { owner: SCAN_FAILURES, readers: [] },
  cache_mark: { owner: CACHE_MARKS, readers: [] },
  change_mark: { owner: CHANGE_MARKS, readers: [CHANGE_SIGNS] },
};

/** Files that speak SQL for a table whose home is elsewhere. */
export function tableProblems({ path, text }: SourceFile): readonly string[] {
  if (!path.startsWith('server/') || path.startsWith('server/database/')) return [];
  const { code } = splitComments(text);
  return Object.entries(TABLE_HOMES).flatMap(([table, { owner, readers }]) => {
    if (path === owner) return [];
    if (WRITES.some((pattern) => mentions(code, pattern, table))) {
      return [`${path}: writes the table ${table}, whose home is ${owner}`];
    }
    return !readers.includes(path) && READS.some((pattern) => mentions(code, pattern, table))
      ? [`${path}: reads the table ${table}, whose home is ${owner}`]
      : [];
  });
}

/** What stands before the name of a table: calls of Kysely, calls of this program, and raw SQL. */
const WRITES = [
  /(?:insertInto|replaceInto|mergeInto|updateTable|deleteFrom)\(\s*(?:\[[^\]]*)?["'`]/,
  /\btable:\s*["'`]/,
  /\b(?:insert (?:ignore )?into|replace into|merge into|update|delete from)\s+[\\"'`]*/,
];
const READS = [
  /(?:selectFrom|[a-z]Join|\busing|\bfrom)\(\s*(?:\[[^\]]*)?["'`]/,
  /\bbyIndex\(\s*\w+,\s*["'`]/,
  /\bsql\s*\.\s*table\(\s*["'`]/,
  /\b(?:from|join)\s+[\\"'`]*/,
];

function mentions(code: string, before: RegExp, table: string): boolean {
  return new RegExp(`${before.source}${table}\\b`, 'i').test(code);
}

/** The tables of a schema as test/data/schema/ keeps it, in either dialect, without those of the migrations. */
export function tablesOf(schema: string): readonly string[] {
  const tables = [...schema.matchAll(/^CREATE TABLE "?(\w+)|^(\w+) InnoDB dynamic$/gm)];
  return tables
    .map(([, sqlite, mysql]) => sqlite ?? mysql ?? '')
    .filter((name) => !name.startsWith('schema_migration'));
}

/** Words that belong to the edges: a use case says what is wrong, and each edge says it in its own terms. */
export function edgeProblems({ path, text }: SourceFile): readonly string[] {
  if (!/^(?:engine|server)\//.test(path)) return [];
  const { code } = splitComments(text);
  const problems: string[] = [];
  if (!/^server\/(?:cli|compose)\//.test(path) && /\bdogear [a-z]|["'` ]--[a-z]/.test(code)) {
    problems.push(`${path}: speaks of the command line`);
  }
  if (!path.startsWith('server/http/') && /\bstatus(?:Code)?: [1-5]\d\d\b/.test(code)) {
    problems.push(`${path}: has an HTTP status`);
  }
  if (!path.startsWith('server/cli/') && /'on' \| 'off'|'off' \| 'on'/.test(code)) {
    problems.push(`${path}: has the type 'on' | 'off' instead of a boolean`);
  }
  return problems;
}

/** The only tests that stand in test/ itself: those of the whole tree, and of what works on all of it. */
const TESTS_AT_TOP: ReadonlySet<string> = new Set([
  'test/architecture.test.ts',
  'test/docs.test.ts',
  'test/package.test.ts',
  'test/ci-run.test.ts',
  'test/release.test.ts',
  'test/retried-tests.test.ts',
]);

/** Tests in test/ itself that are about one room. */
export function strayTests(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path }) =>
    posix.dirname(path) === 'test' && !TESTS_AT_TOP.has(path)
      ? [`${path}: belongs into the folder that is named after what it tests`]
      : [],
  );
}

/**
 * Folders of test/ that are named after no folder and no file of the tree. Support and data are for all tests.
 *
 * @param paths all files of the checkout: server/deploy/ holds no code, and has tests
 */
export function strayTestFolders(
  files: readonly SourceFile[],
  paths: readonly string[] = [],
): readonly string[] {
  const folders = new Set(files.map(({ path }) => posix.dirname(path)));
  const namesakes = new Set(
    [...files.map(({ path }) => path), ...paths]
      .filter((path) => !path.startsWith('test/'))
      .flatMap((path) => ancestors(path.replace(/\.ts$/, ''))),
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

/** Files that are not in the checkout: what the program, its users or the build write, and what belongs to KOReader. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'dogear.yaml',
  'kosync.lua',
  'record.json',
  'rounds.generated.ts',
  'summary.md',
  'util.lua',
]);
const FILE_NAME = /(?<![\w/.*-])[\w.-]+(?:\/[\w.-]+)*\.(?:ts|mts|md|mjs|lua|c|json|yaml)\b(?![/-])/g;

/**
 * Files that comments name but that do not exist. A comment names a file by its path from the top of the checkout, by
 * its path from the file it stands in, or by its last parts alone.
 *
 * @param paths all files of the checkout
 */
export function deadFileNames({ path, text }: SourceFile, paths: readonly string[]): readonly string[] {
  return commentLines(path, text).flatMap(({ comment, line }) =>
    [...comment.matchAll(FILE_NAME)]
      .map(([name]) => name)
      .filter((name) => !isFileHere(name, path, paths))
      .map((name) => `${path}:${String(line)}: names ${name}, which does not exist`),
  );
}

/** Whether a file has this path from the top of the checkout or from the file that names it, or ends in it. */
export function isFileHere(name: string, namedBy: string, paths: readonly string[]): boolean {
  const here = posix.join(posix.dirname(namedBy), name);
  return (
    ELSEWHERE.has(posix.basename(name)) ||
    paths.some((file) => file === name || file === here || file.endsWith(`/${name}`))
  );
}

interface CommentLine {
  readonly comment: string;
  readonly line: number;
}

/** The comments of a file, a line at a time, by the language of its name. C's are like those of TypeScript. */
function commentLines(path: string, text: string): readonly CommentLine[] {
  if (/\.(?:ts|mjs|c)$/.test(path)) {
    return splitComments(text).comments.flatMap(({ text: comment, line }) =>
      comment.split('\n').map((part, index) => ({ comment: part, line: line + index })),
    );
  }
  const start = path.endsWith('.lua') ? /(?:^|\s)--/ : /(?:^|\s)#/;
  return text.split('\n').flatMap((source, index) => {
    const at = source.search(start);
    return at === -1 ? [] : [{ comment: source.slice(at), line: index + 1 }];
  });
}
