import { posix } from 'node:path';
import type { SourceImport } from './source-imports.js';

/** What the files of one folder (or one file alone) may import besides each other. The longest name counts. */
export interface ImportZone {
  readonly name: string;
  /** Folders (`name/`) and files of ours. */
  readonly ours?: readonly string[];
  /** The same, but with `import type` alone. */
  readonly typesOfOurs?: readonly string[];
  readonly packages?: readonly string[];
  readonly typesOfPackages?: readonly string[];
  /** Whether `node:` modules may be imported: not where everything is pure. */
  readonly node: boolean;
}

/** What users of the engine see of it. */
const ENGINE = 'engine/index.ts';
const DOMAIN = 'server/domain/';
const DECISIONS = ['server/auth/', 'server/library/', 'server/progress/'];

export const IMPORT_TABLE: readonly ImportZone[] = [
  { name: 'config/', node: true, packages: ['fastest-levenshtein', 'yaml', 'zod'] },
  { name: ENGINE, node: true, ours: ['engine/'] },
  { name: 'engine/digest/', node: true },
  { name: 'engine/walk/', node: true },
  { name: 'engine/pool/', node: true, ours: ['engine/digest/', 'engine/walk/'], packages: ['piscina'] },
  { name: DOMAIN, node: false, typesOfOurs: [ENGINE] },
  {
    name: 'server/auth/',
    node: true,
    ours: [DOMAIN],
    packages: ['lru-cache'],
  },
  { name: 'server/library/', node: false, ours: [DOMAIN], typesOfOurs: [ENGINE] },
  {
    name: 'server/progress/',
    node: true,
    ours: [DOMAIN],
    packages: ['entities', 'lru-cache', 'parse5', 'saxes', 'yauzl'],
  },
  {
    name: 'server/storage/',
    node: true,
    ours: [DOMAIN],
    packages: ['kysely', 'libsql', 'lru-cache', 'mysql2'],
  },
  {
    name: 'server/app/',
    node: true,
    ours: [DOMAIN, ...DECISIONS, 'server/storage/', ENGINE],
    packages: ['lru-cache'],
    // The logger.
    typesOfPackages: ['pino'],
  },
  {
    name: 'server/http/',
    node: true,
    ours: ['server/app/', DOMAIN],
    packages: ['ipaddr.js', 'prom-client', 'zod'],
    typesOfPackages: ['pino'],
  },
  {
    name: 'server/cli/',
    node: true,
    ours: ['server/app/', DOMAIN, 'config/', 'server/compose/'],
    // Failures and counts of the engine are printed as they come.
    typesOfOurs: [ENGINE],
    packages: ['cli-progress', 'commander'],
  },
  {
    name: 'server/compose/',
    node: true,
    // Everything but the command line, which stands in front.
    ours: ['config/', ENGINE, DOMAIN, ...DECISIONS, 'server/app/', 'server/http/', 'server/storage/'],
    packages: ['pino', 'pino-pretty', 'prom-client'],
  },
  { name: 'server/main.ts', node: true, ours: ['server/cli/'] },
];

/** uWebSockets.js is seen by two files: the one that finds the native module and the one that wraps it. */
const NATIVE = 'server/http/uws-native.ts';
const USER_OF_NATIVE = 'server/http/uws.ts';
/** These may import everything, and nothing else imports them. */
const APART = ['bench/', 'test/'];

/** Why each of the imports of a file must not be; paths are relative to the checkout, with `/`. */
export function importProblems(file: string, imports: readonly SourceImport[]): readonly string[] {
  if (startsWithAny(file, APART)) return [];
  const zone = IMPORT_TABLE.filter(({ name }) => file.startsWith(name)).toSorted(
    (a, b) => b.name.length - a.name.length,
  )[0];
  if (zone === undefined) return [`${file}: no row of the import table is about this file`];
  return imports.flatMap((found) => {
    const problem = importProblem(file, zone, found);
    return problem === undefined ? [] : [`${file}:${found.line}: ${problem}`];
  });
}

function importProblem(file: string, zone: ImportZone, found: SourceImport): string | undefined {
  const { specifier, isTypeOnly } = found;
  if (specifier === undefined) {
    return file === NATIVE ? undefined : 'imports what is only known when it runs';
  }
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
    return ownProblem(file, zone, target, isTypeOnly);
  }
  if (specifier.startsWith('node:')) return zone.node ? undefined : `${zone.name} imports ${specifier}`;
  const name = packageName(specifier);
  const allowed = isTypeOnly
    ? [...(zone.packages ?? []), ...(zone.typesOfPackages ?? [])]
    : (zone.packages ?? []);
  return allowed.includes(name) ? undefined : `${zone.name} imports the package ${name}`;
}

function ownProblem(file: string, zone: ImportZone, target: string, isTypeOnly: boolean): string | undefined {
  if (target === NATIVE && file !== USER_OF_NATIVE) return `only ${USER_OF_NATIVE} imports ${NATIVE}`;
  if (zone.name.endsWith('/') && target.startsWith(zone.name)) return undefined;
  const allowed = isTypeOnly ? [...(zone.ours ?? []), ...(zone.typesOfOurs ?? [])] : (zone.ours ?? []);
  if (allowed.some((name) => (name.endsWith('/') ? target.startsWith(name) : target === name)))
    return undefined;
  const asType = isTypeOnly || !startsWithAny(target, zone.typesOfOurs ?? []) ? '' : ' other than as a type';
  return `${zone.name} imports ${target}${asType}`;
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
