import { posix } from 'node:path';
import type { SourceImport } from './source-imports.js';

/** What the files of one room (a folder, or one file alone) may import besides each other. The longest name counts. */
export interface Room {
  readonly name: string;
  /** Folders (`name/`) and files of this repository. */
  readonly ours?: readonly string[];
  /** The same, but with `import type` alone. */
  readonly typesOfOurs?: readonly string[];
  readonly packages?: readonly string[];
  readonly typesOfPackages?: readonly string[];
  /** Whether `node:` modules may be imported. Rooms of pure decisions need none. */
  readonly node: boolean;
}

/** The part of the engine that its users see. */
const ENGINE = 'engine/index.ts';
/** Error codes of the system, which walking and hashing share. */
const FAILURE = 'engine/failure.ts';
/** Not part of the library for outsiders: the scan uses the same average as the engine. */
const MOVING_AVERAGE = 'engine/moving-average.ts';
const DOMAIN = 'server/domain/';
const DATABASE = 'server/database/';
const BATCHING = 'server/batching/';
const ACCOUNTS = 'server/accounts/';
const POSITIONS = 'server/positions/';

/** The rooms of the nouns from the lowest to the highest. Rooms of one line do not know each other. */
const DEVICE_AND_LIBRARY = ['server/device/', 'server/library/'];
const BOOK = 'server/book/';
const SCAN_AND_SYNC = ['server/scan/', 'server/sync/'];
const TRANSLATION = 'server/translation/';
const REMOVAL = 'server/removal/';

const BELOW_ACCOUNTS = [DOMAIN, DATABASE, BATCHING];
const BELOW_BOOK = [...BELOW_ACCOUNTS, ACCOUNTS, ...DEVICE_AND_LIBRARY];
const BELOW_SYNC = [...BELOW_BOOK, BOOK];
const NOUNS = [ACCOUNTS, ...DEVICE_AND_LIBRARY, BOOK, ...SCAN_AND_SYNC, TRANSLATION, REMOVAL];

export const IMPORT_TABLE: readonly Room[] = [
  // The ground: these know nothing of each other, but for types of the engine in the domain.
  { name: 'config/', node: true, packages: ['fastest-levenshtein', 'yaml', 'zod'] },
  { name: ENGINE, node: true, ours: ['engine/'] },
  { name: FAILURE, node: false },
  { name: MOVING_AVERAGE, node: false },
  { name: 'engine/digest/', node: true, ours: [FAILURE] },
  // The only code that calls native functions of the system by address.
  { name: 'engine/digest/io-ring/', node: true, ours: [FAILURE, 'engine/digest/'], packages: ['koffi'] },
  { name: 'engine/walk/', node: true, ours: [FAILURE] },
  {
    name: 'engine/pool/',
    node: true,
    ours: [FAILURE, MOVING_AVERAGE, 'engine/digest/', 'engine/walk/'],
  },
  // The only file that knows how Piscina behaves inside.
  { name: 'engine/pool/piscina-pool.ts', node: true, packages: ['piscina'] },
  { name: DOMAIN, node: false, typesOfOurs: [ENGINE] },
  {
    name: POSITIONS,
    node: true,
    ours: [DOMAIN],
    packages: ['css-what', 'entities', 'lru-cache', 'parse5', 'saxes', 'yauzl'],
  },
  {
    name: DATABASE,
    node: true,
    // Which database URLs are valid is decided in one place, where the settings are checked.
    ours: [DOMAIN, 'config/database-url.ts'],
    packages: ['kysely', 'libsql', 'lru-cache', 'mysql2'],
  },
  { name: BATCHING, node: true, ours: [DOMAIN, DATABASE], packages: ['lru-cache'] },
  // The nouns.
  { name: ACCOUNTS, node: true, ours: BELOW_ACCOUNTS, packages: ['kysely', 'lru-cache', 'p-limit'] },
  {
    name: 'server/device/',
    node: true,
    ours: [...BELOW_ACCOUNTS, ACCOUNTS],
    packages: ['kysely', 'lru-cache'],
  },
  { name: 'server/library/', node: true, ours: [...BELOW_ACCOUNTS, ACCOUNTS], packages: ['kysely'] },
  { name: BOOK, node: true, ours: [...BELOW_BOOK, ENGINE], packages: ['kysely'] },
  {
    name: 'server/scan/',
    node: true,
    ours: [...BELOW_SYNC, ENGINE, MOVING_AVERAGE],
    packages: ['kysely'],
  },
  { name: 'server/sync/', node: true, ours: BELOW_SYNC, packages: ['kysely', 'mysql2'] },
  { name: TRANSLATION, node: true, ours: [...BELOW_SYNC, 'server/sync/', POSITIONS] },
  { name: REMOVAL, node: true, ours: [...BELOW_SYNC, ...SCAN_AND_SYNC] },
  // The edges: use cases and types, but no SQL.
  {
    name: 'server/http/',
    node: true,
    ours: [DOMAIN, BATCHING, ...NOUNS],
    typesOfOurs: [ENGINE],
    packages: ['ipaddr.js', 'prom-client', 'zod'],
    typesOfPackages: ['pino'],
  },
  {
    name: 'server/cli/',
    node: true,
    ours: [DOMAIN, ...NOUNS, 'config/', 'server/compose/'],
    // Failures and counts of the engine are printed as they come.
    typesOfOurs: [ENGINE],
    packages: ['cli-progress', 'commander'],
  },
  {
    name: 'server/compose/',
    node: true,
    // Everything but the command line, which stands in front.
    ours: ['config/', ENGINE, DOMAIN, POSITIONS, DATABASE, BATCHING, ...NOUNS, 'server/http/'],
    packages: ['pino', 'pino-pretty', 'prom-client'],
  },
  { name: 'server/main.ts', node: true, ours: ['server/cli/'] },
];

/** uWebSockets.js is seen by two files: the one that finds the native module and the one that wraps it. */
const NATIVE = 'server/http/uws-native.ts';
const USER_OF_NATIVE = 'server/http/uws.ts';
/** These may import everything, and nothing else imports them. */
const APART = ['bench/', 'test/'];

const REPOSITORY = /-repository\.ts$/;
/** The edges, which never import a repository. */
const EDGES = ['server/http/', 'server/cli/', 'server/compose/'];

/** Why each of the imports of a file must not be; paths are relative to the checkout, with `/`. */
export function importProblems(file: string, imports: readonly SourceImport[]): readonly string[] {
  if (startsWithAny(file, APART)) return [];
  const room = IMPORT_TABLE.filter(({ name }) => file.startsWith(name)).toSorted(
    (a, b) => b.name.length - a.name.length,
  )[0];
  if (room === undefined) return [`${file}: no row of the import table is about this file`];
  return imports.flatMap((found) => {
    const problem = importProblem(file, room, found);
    return problem === undefined ? [] : [`${file}:${found.line}: ${problem}`];
  });
}

function importProblem(file: string, room: Room, found: SourceImport): string | undefined {
  const { specifier, isTypeOnly } = found;
  if (specifier === undefined) {
    return file === NATIVE ? undefined : 'imports what is only known when it runs';
  }
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
    return ownProblem(file, room, target, isTypeOnly);
  }
  if (specifier.startsWith('node:')) return room.node ? undefined : `${room.name} imports ${specifier}`;
  return packageProblem(file, room, packageName(specifier), isTypeOnly);
}

function packageProblem(file: string, room: Room, name: string, isTypeOnly: boolean): string | undefined {
  if (name === 'kysely' && !file.startsWith(DATABASE) && !REPOSITORY.test(file)) {
    return 'only server/database/ and files named *-repository.ts import kysely';
  }
  const allowed = isTypeOnly
    ? [...(room.packages ?? []), ...(room.typesOfPackages ?? [])]
    : (room.packages ?? []);
  return allowed.includes(name) ? undefined : `${room.name} imports the package ${name}`;
}

function ownProblem(file: string, room: Room, target: string, isTypeOnly: boolean): string | undefined {
  if (target === NATIVE && file !== USER_OF_NATIVE) return `only ${USER_OF_NATIVE} imports ${NATIVE}`;
  if (room.name.endsWith('/') && target.startsWith(room.name)) return undefined;
  if (REPOSITORY.test(target) && startsWithAny(file, EDGES)) return `${room.name} imports ${target}`;
  const allowed = isTypeOnly ? [...(room.ours ?? []), ...(room.typesOfOurs ?? [])] : (room.ours ?? []);
  if (allowed.some((name) => (name.endsWith('/') ? target.startsWith(name) : target === name)))
    return undefined;
  const asType = isTypeOnly || !startsWithAny(target, room.typesOfOurs ?? []) ? '' : ' other than as a type';
  return `${room.name} imports ${target}${asType}`;
}

/** `kysely` of `kysely/helpers/mysql`, `@scope/name` of `@scope/name/inner`. */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function startsWithAny(text: string, starts: readonly string[]): boolean {
  return starts.some((start) => text.startsWith(start));
}
