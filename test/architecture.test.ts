import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileProblems, topLevelProblems } from './support/file-rules.js';
import {
  deadFileNames,
  edgeProblems,
  LOCAL_NAMES,
  renamedImports,
  sharedNames,
  strayTestFolders,
  strayTests,
  TABLE_HOMES,
  tableProblems,
  tablesOf,
} from './support/house-rules.js';
import { IMPORT_TABLE, importProblems, packageName, unusedPermissions } from './support/import-table.js';
import { packageManifest } from './support/package-manifest.js';
import {
  checkoutFiles,
  componentFiles,
  otherCommentedFiles,
  sourceFiles,
  topLevelNames,
} from './support/source-files.js';
import { sourceImports } from './support/source-imports.js';
import { repositoryRoot } from './support/repository-root.js';

const files = sourceFiles();

describe('the tree', () => {
  it('imports inward only, as the table says', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap(({ path, text }) => importProblems(path, sourceImports(text)))).toEqual([]);
  });

  it('imports whatever a row of the table allows besides the rooms below', () => {
    const imported = files.map(({ path, text }) => ({ path, imports: sourceImports(text) }));
    expect(unusedPermissions(imported)).toEqual([]);
  });

  it('has files with names that say something', () => {
    expect(files.flatMap(({ path }) => fileProblems(path))).toEqual([]);
  });

  it('has no name that means two things, and imports nothing under another name', () => {
    expect(sharedNames(files)).toEqual([]);
    expect(files.flatMap(renamedImports)).toEqual([]);
  });

  it('has each of the names that several files may have', () => {
    const text = files.map((file) => file.text).join('\n');
    const unused = Object.keys(LOCAL_NAMES).filter(
      (name) => (text.match(new RegExp(`^function ${name}\\(`, 'gm')) ?? []).length < 2,
    );
    expect(unused).toEqual([]);
  });

  it('speaks of the command line and of HTTP at the edges only', () => {
    expect(files.flatMap(edgeProblems)).toEqual([]);
  });

  it('has one file that speaks SQL for a table', () => {
    expect(files.flatMap(tableProblems)).toEqual([]);
    const paths = new Set(files.map(({ path }) => path));
    for (const { owner } of Object.values(TABLE_HOMES)) expect(paths).toContain(owner);
  });

  it('has a home for each table of the newest schema', () => {
    const folder = join(repositoryRoot, 'test/data/schema');
    // A table may be needed in one of the dialects only.
    const newest = ['sqlite', 'mysql'].map((dialect) =>
      readdirSync(folder)
        .filter((name) => name.endsWith(`.${dialect}.txt`))
        .toSorted()
        .at(-1),
    );
    const tables = new Set(
      newest.flatMap((name) => tablesOf(readFileSync(join(folder, name ?? ''), 'utf8'))),
    );
    expect(Object.keys(TABLE_HOMES).toSorted()).toEqual([...tables].toSorted());
  });

  it('has tests in folders named after those of the program', () => {
    expect(strayTestFolders(files, checkoutFiles())).toEqual([]);
    expect(strayTests(files)).toEqual([]);
  });

  it('names only files that exist in comments', () => {
    const paths = checkoutFiles();
    expect(paths).toContain('server/main.ts');
    // The texts of this file's own cases look like comments.
    const read = [...files, ...otherCommentedFiles()].filter(
      ({ path }) => path !== 'test/architecture.test.ts',
    );
    expect(read.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['.ci/run', 'test/compile.mjs', 'bench/load/sync-load.lua']),
    );
    expect(read.flatMap((file) => deadFileNames(file, paths))).toEqual([]);
  });

  it('has nothing but the known names at its top', () => {
    const names = topLevelNames();
    expect(names).toEqual(expect.arrayContaining(['package.json', 'engine', 'test']));
    expect(topLevelProblems(names)).toEqual([]);
  });

  it('has components in the console alone, which import what the console may import', () => {
    const components = componentFiles();
    expect(components.length).toBeGreaterThan(10);
    expect(components.flatMap(({ path }) => fileProblems(path.replace(/x$/, '')))).toEqual([]);
    // An import begins a line, which no text of a page does.
    const imports = components.map(({ path, text }) => ({
      path: path.replace(/x$/, ''),
      imports: [...text.matchAll(/^(?:import|\} from) .*?'([^']+)';$/gm)].map(([, specifier = '']) => ({
        specifier: specifier.replace(/\.jsx$/, '.js'),
        isTypeOnly: false,
        line: 0,
      })),
    }));
    expect(imports.flatMap((file) => importProblems(file.path, file.imports))).toEqual([]);
    expect(imports.every(({ path }) => path.startsWith('server/console/'))).toBe(true);
  });

  it('imports no package that is not installed for its users', () => {
    const declared = Object.keys({
      ...packageManifest.dependencies,
      ...packageManifest.optionalDependencies,
    });
    const undeclared = files.flatMap(({ path, text }) =>
      // The packages of the console are in the script that is built from it.
      /^(?:bench|test|server\/console)\//.test(path)
        ? []
        : packagesOf(text).filter((name) => !declared.includes(name)),
    );
    expect(undeclared).toEqual([]);
  });
});

it('the table has one row for each name', () => {
  const names = IMPORT_TABLE.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe('is broken by', () => {
  it.each([
    ['config/load.ts', "import '../server/domain/ids.js'", 'config/ imports server/domain/ids.ts'],
    ['config/load.ts', "import 'kysely'", 'only server/database/ and files named *-repository.ts'],
    ['config/load.ts', "import 'fs'", 'config/ imports the package fs'],
    ['engine/digest/a.ts', "import '../walk/b.js'", 'engine/digest/ imports engine/walk/b.ts'],
    ['engine/digest/a.ts', "import 'koffi'", 'engine/digest/ imports the package koffi'],
    ['engine/pool/a.ts', "require('koffi')", 'engine/pool/ imports the package koffi'],
    [
      'engine/walk/a.ts',
      "import type { B } from '../digest/b.js'",
      'engine/walk/ imports engine/digest/b.ts',
    ],
    ['engine/pool/a.ts', "import 'piscina'", 'engine/pool/ imports the package piscina'],
    ['engine/pool/a.ts', "import '../index.js'", 'engine/pool/ imports engine/index.ts'],
    ['engine/pool/a.ts', "import '../../config/load.js'", 'engine/pool/ imports config/load.ts'],
    ['engine/index.ts', "export * from '../server/log.js'", 'engine/index.ts imports server/log.ts'],
    [
      'server/domain/a.ts',
      "import type { B } from '../../engine/index.js'",
      'server/domain/ imports engine/index.ts',
    ],
    ['server/http/a.ts', "import { type B } from '../../engine/index.js'", 'other than as a type'],
    ['server/domain/a.ts', "import 'node:fs'", 'server/domain/ imports node:fs'],
    ['server/domain/a.ts', "import '../book/b.js'", 'server/domain/ imports server/book/b.ts'],
    ['server/positions/a.ts', "import '../database/b.js'", 'server/positions/ imports server/database/b.ts'],
    ['server/positions/a.ts', "import '../domain/b.js'", 'server/positions/ imports server/domain/b.ts'],
    ['server/positions/a.ts', "import '../book/b.js'", 'server/positions/ imports server/book/b.ts'],
    [
      'server/database/a.ts',
      "await import('../batching/b.js')",
      'server/database/ imports server/batching/b.ts',
    ],
    ['server/database/a.ts', "import { b } from '../sync/b.js'", 'server/database/ imports server/sync/b.ts'],
    ['server/batching/a.ts', "import '../accounts/b.js'", 'server/batching/ imports server/accounts/b.ts'],
    ['server/accounts/keys/a.ts', "import '../../sync/b.js'", 'server/accounts/ imports server/sync/b.ts'],
    ['server/accounts/a.ts', "import { sql } from 'kysely'", 'only server/database/ and files named'],
    ['server/device/a.ts', "import '../library/b.js'", 'server/device/ imports server/library/b.ts'],
    [
      'server/device/a.ts',
      "import type { B } from '../sync/b.js'",
      'server/device/ imports server/sync/b.ts',
    ],
    ['server/library/a.ts', "import '../device/b.js'", 'server/library/ imports server/device/b.ts'],
    ['server/library/a.ts', "import '../book/b.js'", 'server/library/ imports server/book/b.ts'],
    ['server/book/a.ts', "import '../sync/b.js'", 'server/book/ imports server/sync/b.ts'],
    ['server/scan/a.ts', "import '../sync/b.js'", 'server/scan/ imports server/sync/b.ts'],
    ['server/scan/a.ts', "import { pino } from 'pino'", 'server/scan/ imports the package pino'],
    ['server/scan/a.ts', "import '../../engine/pool/b.js'", 'server/scan/ imports engine/pool/b.ts'],
    ['server/sync/a.ts', "import '../scan/b.js'", 'server/sync/ imports server/scan/b.ts'],
    ['server/sync/a.ts', "import '../translation/b.js'", 'server/sync/ imports server/translation/b.ts'],
    ['server/translation/a.ts', "import '../scan/b.js'", 'server/translation/ imports server/scan/b.ts'],
    [
      'server/translation/a.ts',
      "import '../removal/b.js'",
      'server/translation/ imports server/removal/b.ts',
    ],
    ['server/removal/a.ts', "import '../http/b.js'", 'server/removal/ imports server/http/b.ts'],
    ['server/http/a.ts', "import '../database/b.js'", 'server/http/ imports server/database/b.ts'],
    [
      'server/http/a.ts',
      "import '../book/book-repository.js'",
      'server/http/ imports server/book/book-repository.ts',
    ],
    ['server/http/a.ts', "import '../compose/b.js'", 'server/http/ imports server/compose/b.ts'],
    ['server/http/a.ts', "import '../cli/b.js'", 'server/http/ imports server/cli/b.ts'],
    ['server/http/a.ts', "import './uws-native.js'", 'only server/http/uws.ts imports'],
    ['server/http/a.ts', "import '@uwsjs/linux-x64-20/uws.js'", 'imports the package @uwsjs/linux-x64-20'],
    [
      'server/scan/a.ts',
      "new Worker(new URL('../http/uws.js', import.meta.url))",
      'server/scan/ imports server/http/uws.ts',
    ],
    ['server/scan/a.ts', "import { createRequire } from 'node:module'", 'only server/http/uws-native.ts and'],
    ['server/http/uws.ts', 'require(name)', 'imports what is only known when it runs'],
    ['server/cli/a.ts', "import '../database/b.js'", 'server/cli/ imports server/database/b.ts'],
    [
      'server/cli/a.ts',
      "import '../sync/progress-repository.js'",
      'server/cli/ imports server/sync/progress-repository.ts',
    ],
    ['server/cli/a.ts', "import '../http/b.js'", 'server/cli/ imports server/http/b.ts'],
    ['server/cli/a.ts', "import { b } from '../../engine/index.js'", 'engine/index.ts other than as a type'],
    [
      'server/cli/a.ts',
      "import '../../test/support/program.js'",
      'server/cli/ imports test/support/program.ts',
    ],
    ['server/compose/a.ts', "import '../cli/run.js'", 'server/compose/ imports server/cli/run.ts'],
    ['server/compose/a.ts', "import '../../bench/library.js'", 'server/compose/ imports bench/library.ts'],
    ['server/compose/a.ts', "import '../../engine/pool/b.js'", 'server/compose/ imports engine/pool/b.ts'],
    ['server/compose/a.ts', "import '../main.js'", 'server/compose/ imports server/main.ts'],
    ['server/main.ts', "import './compose/a.js'", 'server/main.ts imports server/compose/a.ts'],
    ['server/unheard-of/a.ts', '', 'no row of the import table'],
  ])('%s: %s', (path, source, problem) => {
    const problems = importProblems(path, sourceImports(`\n${source}`));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
    if (source !== '') expect(problems[0]).toContain(`${path}:2: `);
  });

  it.each([
    ['server/book/utils.ts', 'server/book/utils.ts: "utils" says nothing about what is inside'],
    ['test/helpers/a.ts', 'test/helpers/a.ts: "helpers" says nothing about what is inside'],
    [
      'server/scan/scan-manager.ts',
      'server/scan/scan-manager.ts: "manager" says nothing about what is inside',
    ],
    ['server/book/index.ts', 'server/book/index.ts: the only barrel file is engine/index.ts'],
    ['server/scan/scanLibrary.ts', 'server/scan/scanLibrary.ts: scanLibrary is not in kebab-case'],
  ])('the file %s', (path, problem) => {
    expect(fileProblems(path)).toEqual([problem]);
  });

  it.each([
    ['export async function a() {}', 'export class a {}'],
    ['export type a = 1;', 'export interface a {}'],
    ['export const a = 1;', 'export const a = 2;'],
    ['export const a = () => 1;', 'function a() {}'],
    ['function a() {}', 'async function* a() {}'],
    ['const a = async (b: number) => b;', 'const a = (b: number): number => b;'],
    ['const a = b => b;', 'function a() {}'],
    ['export interface a {}', 'type a = 1;'],
  ])('a name of two things: %s %s', (one, other) => {
    const both = sharedNames([
      { path: 'server/scan/a.ts', text: `${one}\n` },
      { path: 'config/b.ts', text: `${other}\n` },
    ]);
    expect(both).toEqual(['a stands in server/scan/a.ts and config/b.ts']);
  });

  it.each([
    ["import { type A, b as c } from './b.js';", 'imports b as c'],
    ["import {\n  a, // a as b\n  b as c,\n} from './b.js';", 'imports b as c'],
    ["import * as b from './b.js';", 'imports * as b'],
    ["import d, { a as b } from './b.js';", 'imports a as b'],
    ["import d, * as b from './b.js';", 'imports * as b'],
    ["export type { B } from '../sync/b.js';", 'exports a list'],
    ["export * from '../sync/b.js';", 'exports a list'],
    ["import { b } from '../sync/b.js';\nexport { b };", 'exports a list'],
  ])('what comes under another name or from another file: %s', (source, problem) => {
    const text = `import { setTimeout as delay } from 'node:timers/promises';\n${source}\n`;
    expect(renamedImports({ path: 'server/scan/a.ts', text })).toEqual([expect.stringContaining(problem)]);
  });

  it('the barrel file, when it renames', () => {
    const text = "export { a as b } from './digest/a.js';\nexport { c } from './digest/a.js';\n";
    expect(renamedImports({ path: 'engine/index.ts', text })).toEqual(['engine/index.ts: exports a as b']);
  });

  it.each([
    ['server/book/a.ts', "throw new Error('run dogear scan first')", 'speaks of the command line'],
    ['server/book/a.ts', 'hint(`give it --name`)', 'speaks of the command line'],
    ['server/book/a.ts', 'return { status: 404 }', 'has an HTTP status'],
    ['server/compose/a.ts', "function a(b: 'on' | 'off') {}", "has the type 'on' | 'off'"],
  ])('words of an edge in %s: %s', (path, text, problem) => {
    expect(edgeProblems({ path, text })).toEqual([expect.stringContaining(problem)]);
    expect(edgeProblems({ path, text: `// ${text}` })).toEqual([]);
  });

  it.each([
    ["store.db.selectFrom('book').selectAll()", 'reads the table book'],
    ["store.db.selectFrom(byIndex(store, 'book', 'primary'))", 'reads the table book'],
    ["store.db.deleteFrom('former_digest')", 'writes the table former_digest'],
    ["bulkUpsert(store, { table: 'device_progress', columns })", 'writes the table device_progress'],
    ['sql`select name from user where id = 1`', 'reads the table user'],
    ['sql`update scan set state = 1`', 'writes the table scan'],
    ["store.db.selectFrom(['a', 'book as b'])", 'reads the table book'],
    ["store.db.deleteFrom(\n  'user',\n)", 'writes the table user'],
    ["store.db.replaceInto('device')", 'writes the table device'],
    ["store.db.mergeInto('device as d')", 'writes the table device'],
    ["store.db.deleteFrom('a').using('user')", 'reads the table user'],
    ["sql`delete x from ${sql.table('book')} x`", 'reads the table book'],
    ['sql`DELETE FROM "user" where id = 1`', 'writes the table user'],
    ['sql`insert ignore into\n  \\`user\\` values (1)`', 'writes the table user'],
  ])('SQL away from its table: %s', (text, problem) => {
    const [found, ...others] = tableProblems({ path: 'server/removal/a.ts', text });
    expect(found).toContain(problem);
    expect(others).toEqual([]);
    expect(tableProblems({ path: 'server/removal/a.ts', text: `/* ${text} */` })).toEqual([]);
  });

  it('a table without a home', () => {
    const schema =
      'CREATE TABLE "a" ( id )\nCREATE INDEX b on a (id)\nCREATE TABLE schema_migration_lock ( id )';
    expect(tablesOf(schema)).toEqual(['a']);
  });

  it('a folder of tests without a namesake', () => {
    const paths = [
      'server/scan/a.ts',
      'test/server/scan/a.test.ts',
      'test/scan/b.test.ts',
      'test/support/c.ts',
    ];
    expect(strayTestFolders(paths.map((path) => ({ path, text: '' })))).toEqual(['test/scan']);
  });

  it('a test of one room among those of the whole tree', () => {
    const paths = ['test/docs.test.ts', 'test/scan.test.ts', 'test/server/scan/a.test.ts'];
    expect(strayTests(paths.map((path) => ({ path, text: '' })))).toEqual([
      expect.stringContaining('test/scan.test.ts: '),
    ]);
  });

  it('a permission of the table that nobody uses', () => {
    const unused = unusedPermissions([
      { path: 'server/main.ts', imports: sourceImports("import './cli/run.js'") },
      { path: 'engine/walk/a.ts', imports: sourceImports("import './b.js'") },
    ]);
    expect(unused).not.toContain('no file of server/main.ts imports server/cli/');
    expect(unused).toContain('no file of engine/walk/ imports engine/failure.ts');
    expect(unused).toContain('no file of config/ imports croner');
  });

  it('a comment that names a file that does not exist', () => {
    const text = [
      '/** See b.ts, scan/b.ts, ../book/c.ts and',
      ' * gone.ts.',
      ' */',
      "const a = 'not-a-comment.ts'; // gone.md, and README.md",
    ].join('\n');
    const paths = ['server/scan/b.ts', 'server/book/c.ts', 'README.md'];
    expect(deadFileNames({ path: 'server/scan/a.ts', text }, paths)).toEqual([
      'server/scan/a.ts:2: names gone.ts, which does not exist',
      'server/scan/a.ts:4: names gone.md, which does not exist',
    ]);
  });

  it.each([
    ['test/a.mjs', "const a = '//'; // gone.ts"],
    ['.ci/run', 'node "$reports/test.json" # gone.yaml'],
    ['bench/load/a.lua', 'local name = "b.json" -- gone.c'],
    ['bench/yardstick/a.c', '#include <b.c>\n/* gone.lua */'],
  ])('a comment of %s that names a file that does not exist: %s', (path, text) => {
    expect(deadFileNames({ path, text }, [])).toEqual([expect.stringContaining('names gone.')]);
  });

  it('another name at the top', () => {
    expect(topLevelProblems(['docs', '.ci', 'README.md', 'src'])).toEqual([
      'docs: does not belong at the top of the checkout',
      'src: does not belong at the top of the checkout',
    ]);
  });
});

it('is not broken by what the table allows', () => {
  const allowed: Readonly<Record<string, string>> = {
    'server/domain/a.ts': "import './b.js'",
    'engine/system/a.ts': "require('koffi')",
    'engine/digest/io-ring/a.ts': "import '../b.js'; import '../../system/a.js'",
    'server/accounts/keys/a-repository.ts': "import { sql } from 'kysely'; import '../user-repository.js'",
    'server/book/a.ts': "import '../library/b.js'; import '../device/b.js'; import '../../engine/index.js'",
    'server/scan/a.ts':
      "import '../../engine/index.js'; import '../book/book-repository.js'; import 'node:fs'",
    'server/sync/a.ts': "import '../book/b.js'; import '../batching/b.js'; import '../database/b.js'",
    'server/translation/a.ts': "import '../sync/b.js'; import '../positions/b.js'",
    'server/removal/a.ts': "import '../sync/progress-repository.js'; import '../scan/scan-repository.js'",
    'server/http/a.ts': "import '../removal/b.js'; import type { A } from '../../engine/index.js'",
    'server/compose/a.ts': "import '../http/uws.js'; import './log.js'; import '../../config/load.js'",
    'server/http/uws.ts': "import './uws-native.js'",
    'server/http/uws-native.ts': "import { createRequire } from 'node:module'; require(name)",
    'test/a.test.ts': "import '../bench/library.js'; import '../engine/pool/a.js'; import 'vitest'",
  };
  for (const [path, source] of Object.entries(allowed)) {
    expect(importProblems(path, sourceImports(source))).toEqual([]);
  }
  expect(fileProblems('engine/index.ts')).toEqual([]);
});

function packagesOf(text: string): readonly string[] {
  const specifiers = sourceImports(text).flatMap(({ specifier }) => specifier ?? []);
  return specifiers.filter((specifier) => !/^(?:\.|node:)/.test(specifier)).map(packageName);
}
