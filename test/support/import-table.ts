import { posix } from 'node:path';
import type { SourceImport } from './source-imports.js';

/** What the files of one room (a folder, or one file alone) may import besides each other. The longest name counts. */
export interface Room {
  readonly name: string;
  /** The rooms below it as a whole, which it may import whether it does so today or not. */
  readonly below?: readonly string[];
  /** Other folders (`name/`) and files of this repository. Each is in use. */
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
const SYSTEM = 'engine/system/';
/** Not part of the library for outsiders: the scan uses the same average as the engine. */
const MOVING_AVERAGE = 'engine/moving-average.ts';
/** A scan stores the mark of a file, and a translation compares it. */
const STATE_MARK = 'engine/system/state-mark.ts';
/** Its number of O_PATH, which Node.js does not name. */
const LIBC = 'engine/system/libc.ts';
const DOMAIN = 'server/domain/';
const DATABASE = 'server/database/';
const BATCHING = 'server/batching/';
const CHANGES = 'server/changes/';
const ACCOUNTS = 'server/accounts/';
const POSITIONS = 'server/positions/';

/** The rooms of the nouns from the lowest to the highest. Rooms of one line do not know each other. */
const DEVICE_AND_LIBRARY = ['server/device/', 'server/library/'];
const BOOK = 'server/book/';
const SCAN_AND_SYNC = ['server/scan/', 'server/sync/'];
const TRANSLATION = 'server/translation/';
const REMOVAL = 'server/removal/';
const OVERVIEW = 'server/overview/';
const PROBE = 'server/probe/';
const MOVING = 'server/moving/';

const BELOW_ACCOUNTS = [DOMAIN, DATABASE, BATCHING, CHANGES];
const BELOW_BOOK = [...BELOW_ACCOUNTS, ACCOUNTS, ...DEVICE_AND_LIBRARY];
const BELOW_SYNC = [...BELOW_BOOK, BOOK];
const NOUNS = [
  ACCOUNTS,
  ...DEVICE_AND_LIBRARY,
  BOOK,
  ...SCAN_AND_SYNC,
  TRANSLATION,
  REMOVAL,
  OVERVIEW,
  MOVING,
];

export const IMPORT_TABLE: readonly Room[] = [
  // The ground: these know nothing of each other.
  { name: 'config/', node: true, packages: ['croner', 'fastest-levenshtein', 'yaml'] },
  { name: ENGINE, node: true, ours: ['engine/'] },
  { name: FAILURE, node: false },
  { name: MOVING_AVERAGE, node: false },
  // Calls of the operating system that Node.js does not offer. Only this room and io-ring hand it addresses.
  { name: SYSTEM, node: true, packages: ['koffi'] },
  { name: 'engine/digest/', node: true, ours: [FAILURE, SYSTEM] },
  { name: 'engine/digest/io-ring/', node: true, ours: ['engine/digest/', SYSTEM] },
  { name: 'engine/walk/', node: true, ours: [FAILURE, SYSTEM], packages: ['ignore'] },
  {
    name: 'engine/pool/',
    node: true,
    ours: [FAILURE, MOVING_AVERAGE, SYSTEM, 'engine/digest/', 'engine/walk/'],
  },
  // The only file that knows how Piscina behaves inside.
  { name: 'engine/pool/piscina-pool.ts', node: true, packages: ['piscina'] },
  { name: DOMAIN, node: false },
  {
    name: POSITIONS,
    node: true,
    ours: [STATE_MARK],
    packages: ['css-what', 'entities', 'lru-cache', 'parse5', 'saxes', 'yauzl'],
  },
  {
    name: DATABASE,
    node: true,
    // Which database URLs are valid is decided in one place, where the settings are checked.
    ours: [DOMAIN, 'config/database-url.ts', LIBC],
    packages: ['kysely', 'libsql', 'lru-cache', 'mysql2'],
  },
  { name: BATCHING, node: true, ours: [DOMAIN, DATABASE], packages: ['lru-cache'] },
  { name: CHANGES, node: false, ours: [DOMAIN, DATABASE], packages: ['kysely'] },
  // The nouns.
  { name: ACCOUNTS, node: true, below: BELOW_ACCOUNTS, packages: ['kysely', 'lru-cache'] },
  {
    name: 'server/device/',
    node: true,
    below: [...BELOW_ACCOUNTS, ACCOUNTS],
    packages: ['kysely'],
  },
  {
    name: 'server/library/',
    node: true,
    below: [...BELOW_ACCOUNTS, ACCOUNTS],
    ours: [ENGINE],
    packages: ['kysely'],
  },
  { name: BOOK, node: true, below: BELOW_BOOK, ours: [ENGINE, POSITIONS], packages: ['kysely'] },
  {
    name: 'server/scan/',
    node: true,
    below: BELOW_SYNC,
    ours: [ENGINE, MOVING_AVERAGE],
    packages: ['croner', 'kysely'],
  },
  { name: 'server/sync/', node: true, below: BELOW_SYNC, packages: ['kysely'] },
  { name: TRANSLATION, node: true, below: BELOW_SYNC, ours: ['server/sync/', POSITIONS] },
  { name: REMOVAL, node: true, below: BELOW_SYNC, ours: SCAN_AND_SYNC },
  {
    name: MOVING,
    node: true,
    below: BELOW_SYNC,
    ours: ['server/sync/'],
    packages: ['@redis/client', 'libsql', 'zod'],
  },
  {
    name: OVERVIEW,
    node: true,
    below: BELOW_SYNC,
    ours: [ENGINE, 'server/scan/'],
    packages: ['kysely'],
  },
  // A client of other servers, which knows of this one only how keys and passwords look.
  { name: PROBE, node: true, ours: [DOMAIN, ACCOUNTS] },
  // The edges: use cases and types, but no SQL.
  {
    name: 'server/http/',
    node: true,
    below: NOUNS,
    ours: [DOMAIN, BATCHING],
    typesOfOurs: [ENGINE],
    packages: ['ipaddr.js', 'prom-client', 'zod'],
    typesOfPackages: ['pino'],
  },
  {
    name: 'server/cli/',
    node: true,
    below: NOUNS,
    ours: [DOMAIN, PROBE, 'config/', 'server/compose/'],
    // Failures and counts of the engine are printed as they come.
    typesOfOurs: [ENGINE],
    packages: ['cli-progress', 'commander'],
  },
  {
    name: 'server/compose/',
    node: true,
    // What it builds and starts, but not the command line, which stands in front.
    below: NOUNS,
    ours: ['config/', ENGINE, DOMAIN, POSITIONS, DATABASE, BATCHING, 'server/http/'],
    packages: ['pino', 'pino-pretty', 'prom-client'],
  },
  { name: 'server/main.ts', node: true, ours: ['server/cli/'] },
  // Pages for browsers, built into one script. They know the server only by its API.
  { name: 'server/console/', node: false, packages: ['@preact/signals', 'foliate-js', 'preact', 'uqr'] },
];

/** uWebSockets.js is seen by two files: the one that finds the native module and the one that wraps it. */
const NATIVE = 'server/http/uws-native.ts';
const USER_OF_NATIVE = 'server/http/uws.ts';
/**
 * `createRequire` of `node:module` loads by names that no check can follow, so only these may import it: for what may be
 * missing, and for what one command in many needs.
 */
const USERS_OF_REQUIRE = [
  NATIVE,
  SYSTEM,
  'config/yaml-package.ts',
  'engine/pool/piscina-pool.ts',
  'server/database/mysql/sql-literal.ts',
];
/** These may import everything, and nothing else imports them. */
const APART = ['bench/', 'test/'];

const REPOSITORY = /-repository\.ts$/;
/** The edges, which never import a repository. */
const EDGES = ['server/http/', 'server/cli/', 'server/compose/'];

/** Why each of the imports of a file must not be; paths are relative to the checkout, with `/`. */
export function importProblems(file: string, imports: readonly SourceImport[]): readonly string[] {
  if (startsWithAny(file, APART)) return [];
  const room = roomOf(file);
  if (room === undefined) return [`${file}: no row of the import table is about this file`];
  return imports.flatMap((found) => {
    const problem = importProblem(file, room, found);
    return problem === undefined ? [] : [`${file}:${found.line}: ${problem}`];
  });
}

/**
 * What rows of the table allow, but no file of the room imports. The rooms below a room are allowed as a whole and so
 * not asked about.
 */
export function unusedPermissions(
  files: readonly { readonly path: string; readonly imports: readonly SourceImport[] }[],
): readonly string[] {
  return IMPORT_TABLE.flatMap((room) => {
    const imported = files.flatMap(({ path, imports }) =>
      roomOf(path) !== room
        ? []
        : imports.flatMap(({ specifier }) =>
            specifier === undefined
              ? []
              : [specifier.startsWith('.') ? targetOf(path, specifier) : packageName(specifier)],
          ),
    );
    const allowed = [room.ours, room.typesOfOurs, room.packages, room.typesOfPackages].flatMap(
      (names) => names ?? [],
    );
    return allowed
      .filter((name) => !imported.some((target) => isIn(target, name)))
      .map((name) => `no file of ${room.name} imports ${name}`);
  });
}

/** The row of the longest name. */
function roomOf(file: string): Room | undefined {
  const rooms = IMPORT_TABLE.filter(({ name }) => file.startsWith(name));
  return rooms.toSorted((a, b) => b.name.length - a.name.length)[0];
}

function targetOf(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}

function isIn(target: string, name: string): boolean {
  return name.endsWith('/') ? target.startsWith(name) : target === name;
}

function importProblem(file: string, room: Room, found: SourceImport): string | undefined {
  const { specifier, isTypeOnly } = found;
  if (specifier === undefined) {
    return file === NATIVE ? undefined : 'imports what is only known when it runs';
  }
  if (specifier.startsWith('.')) return ownProblem(file, room, targetOf(file, specifier), isTypeOnly);
  if (specifier === 'node:module' && !startsWithAny(file, USERS_OF_REQUIRE)) {
    return `only ${USERS_OF_REQUIRE.join(' and ')} import ${specifier}`;
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
  const allowed = [
    ...(room.below ?? []),
    ...(room.ours ?? []),
    ...(isTypeOnly ? (room.typesOfOurs ?? []) : []),
  ];
  if (allowed.some((name) => isIn(target, name))) return undefined;
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
