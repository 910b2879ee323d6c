import { describe, expect, it } from 'vitest';
import { fileProblems, topLevelProblems } from './support/file-rules.js';
import { IMPORT_TABLE, importProblems, packageName } from './support/import-table.js';
import { packageManifest } from './support/package-manifest.js';
import { sourceFiles, topLevelNames } from './support/source-files.js';
import { sourceImports } from './support/source-imports.js';

const files = sourceFiles();

describe('the tree', () => {
  it('imports inward only, as the table says', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap(({ path, text }) => importProblems(path, sourceImports(text)))).toEqual([]);
  });

  it('has short files with names that say something', () => {
    expect(files.flatMap(({ path, text }) => fileProblems(path, text))).toEqual([]);
  });

  it('has nothing but the known names at its top', () => {
    const names = topLevelNames();
    expect(names).toEqual(expect.arrayContaining(['package.json', 'engine', 'test']));
    expect(topLevelProblems(names)).toEqual([]);
  });

  it('imports no package that is not installed for its users', () => {
    const declared = Object.keys(packageManifest.dependencies);
    const undeclared = files.flatMap(({ path, text }) =>
      /^(?:bench|test)\//.test(path) ? [] : packagesOf(text).filter((name) => !declared.includes(name)),
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
    ['config/load.ts', "import '../server/book/book.js'", 'config/ imports server/domain/book.ts'],
    ['config/load.ts', "import 'kysely'", 'config/ imports the package kysely'],
    ['config/load.ts', "import 'fs'", 'config/ imports the package fs'],
    ['engine/digest/a.ts', "import '../walk/b.js'", 'engine/digest/ imports engine/walk/b.ts'],
    [
      'engine/walk/a.ts',
      "import type { B } from '../digest/b.js'",
      'engine/walk/ imports engine/digest/b.ts',
    ],
    ['engine/walk/a.ts', "import 'piscina'", 'engine/walk/ imports the package piscina'],
    ['engine/pool/a.ts', "import '../index.js'", 'engine/pool/ imports engine/index.ts'],
    ['engine/pool/a.ts', "import '../../config/load.js'", 'engine/pool/ imports config/load.ts'],
    ['engine/index.ts', "export * from '../server/log.js'", 'engine/index.ts imports server/log.ts'],
    [
      'server/domain/a.ts',
      "import { b } from '../../engine/index.js'",
      'engine/index.ts other than as a type',
    ],
    ['server/domain/a.ts', "import { type B } from '../../engine/index.js'", 'other than as a type'],
    ['server/domain/a.ts', "import 'node:fs'", 'server/domain/ imports node:fs'],
    ['server/domain/a.ts', "import '../app/b.js'", 'server/domain/ imports server/app/b.ts'],
    ['server/auth/a.ts', "import '../library/b.js'", 'server/auth/ imports server/library/b.ts'],
    ['server/library/a.ts', "import 'parse5'", 'server/library/ imports the package parse5'],
    ['server/progress/a.ts', "import '../storage/b.js'", 'server/progress/ imports server/storage/b.ts'],
    ['server/storage/a.ts', "await import('../app/b.js')", 'server/storage/ imports server/app/b.ts'],
    ['server/app/a.ts', "import type { B } from '../http/b.js'", 'server/app/ imports server/http/b.ts'],
    ['server/app/a.ts', "import { pino } from 'pino'", 'server/app/ imports the package pino'],
    ['server/app/a.ts', "import '../../engine/pool/b.js'", 'server/app/ imports engine/pool/b.ts'],
    ['server/http/a.ts', "import '../storage/b.js'", 'server/http/ imports server/storage/b.ts'],
    ['server/http/a.ts', "import './uws-native.js'", 'only server/http/uws.ts imports'],
    ['server/http/a.ts', "import '@uwsjs/linux-x64-20/uws.js'", 'imports the package @uwsjs/linux-x64-20'],
    ['server/http/uws.ts', 'require(name)', 'imports what is only known when it runs'],
    ['server/cli/a.ts', "import '../storage/b.js'", 'server/cli/ imports server/storage/b.ts'],
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
    ['server/app/a.ts', 'a\n'.repeat(301), 'server/app/a.ts: 301 lines; split it'],
    ['server/app/utils.ts', '', 'server/app/utils.ts: "utils" says nothing about what is inside'],
    ['test/helpers/a.ts', '', 'test/helpers/a.ts: "helpers" says nothing about what is inside'],
    [
      'server/app/scan-manager.ts',
      '',
      'server/app/scan-manager.ts: "manager" says nothing about what is inside',
    ],
    ['server/app/index.ts', '', 'server/app/index.ts: the only barrel file is engine/index.ts'],
    ['server/app/scanLibrary.ts', '', 'server/app/scanLibrary.ts: scanLibrary is not in kebab-case'],
  ])('the file %s', (path, text, problem) => {
    expect(fileProblems(path, text)).toEqual([problem]);
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
    'server/domain/a.ts': "import type { A } from '../../engine/index.js'; import './b.js'",
    'server/app/a.ts': "import type { Logger } from 'pino'; import '../../engine/index.js'; import 'node:fs'",
    'server/compose/a.ts': "import '../http/uws.js'; import './log.js'; import '../../config/load.js'",
    'server/http/uws.ts': "import './uws-native.js'",
    'server/http/uws-native.ts': "import { createRequire } from 'node:module'; require(name)",
    'test/a.test.ts': "import '../bench/library.js'; import '../engine/pool/a.js'; import 'vitest'",
  };
  for (const [path, source] of Object.entries(allowed)) {
    expect(importProblems(path, sourceImports(source))).toEqual([]);
  }
  expect(fileProblems('engine/index.ts', 'a\n'.repeat(300))).toEqual([]);
});

function packagesOf(text: string): readonly string[] {
  const specifiers = sourceImports(text).flatMap(({ specifier }) => specifier ?? []);
  return specifiers.filter((specifier) => !/^(?:\.|node:)/.test(specifier)).map(packageName);
}
