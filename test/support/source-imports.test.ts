import { expect, it } from 'vitest';
import { sourceImports } from './source-imports.js';

const CASES: Readonly<Record<string, readonly string[]>> = {
  "import a from './a.js';": ['./a.js'],
  "import './a.js'": ['./a.js'],
  'import{a}from\'./a.js\';import*as b from"b"': ['./a.js', 'b'],
  "import a, { b as c, type D } from './a.js';": ['./a.js'],
  "import { type A } from './a.js';": ['./a.js'],
  "import {\n  a,\n  b, // from './no.js'\n} from './a.js';": ['./a.js'],
  "import type { A } from './a.js';": ['type ./a.js'],
  "import type A from './a.js'; import type * as B from './b.js'": ['type ./a.js', 'type ./b.js'],
  "import type from './a.js';": ['./a.js'],
  "import type from from './a.js';": ['type ./a.js'],
  "import type, { b } from './a.js';": ['./a.js'],
  "import { 'a b' as c, from } from './a.js';": ['./a.js'],
  "import data from './a.json' with { type: 'json' };": ['./a.json'],
  "import a = require('./a.js');": ['./a.js'],
  "export * from './a.js'; export * as b from './b.js'": ['./a.js', './b.js'],
  "export { a } from './a.js'; export type { B } from './b.js'": ['./a.js', 'type ./b.js'],
  "export type * from './a.js';": ['type ./a.js'],
  "export { a };\nconst from = './no.js';": [],
  "export { a }\nimport b from './b.js'": ['./b.js'],
  "export const a = 'from'; export default './no.js'; export type A = 'x' | './no.js'": [],
  "const a = await import('./a.js');": ['./a.js'],
  "const a = await import('./a.js', { with: {} }); import(`./b.js`)": ['./a.js', './b.js'],
  "let a: typeof import('./a.js'); let b: import('./b.js').B;": ['./a.js', './b.js'],
  'await import(name); import(`./${name}.js`); import("./a" + b)': ['?', '?', '?'],
  "require('a'); require.resolve('b'); require(name)": ['a', 'b', '?'],
  "import.meta.resolve('a'); import.meta.url; new URL('./no.json', import.meta.url)": ['a'],
  "new Worker(new URL('../a.js', import.meta.url)); new URL('b.js', import.meta.url).href": [
    '../a.js',
    './b.js',
  ],
  "new URL('./no.js', base); new URL(name, import.meta.url); URL('./no.js', import.meta.url)": [],
  "module.require('a'); a.import('./no.js'); const o = { import: './no.js', from: './no.js' }": [],
  'class A { import(a: string) { return a; } }': ['?'],
  "// import './no.js'\n/* import './no.js' */ import './a.js'": ['./a.js'],
  "const a = \"import './no.js'\"; const b = 'it\\'s import \"./no.js\"'": [],
  "const a = `import './no.js'`; const b = `${`import './no.js'`} import './no.js' ${await import('./a.js')} x`":
    ['./a.js'],
  "const a = `${{ a: '}' }.a}`; import './a.js'": ['./a.js'],
  "const a = /['\"`]/; import './a.js'": ['./a.js'],
  "const a = b / c; const d = e[0] / 2; import('./a.js') / 2; f() / 3; import './b.js'; const g = 1 / 2 /'/":
    ['./a.js', './b.js'],
  "if (/[/'\\]]/u.test(a)) return /'/; import './a.js'": ['./a.js'],
  "#!/usr/bin/env node\nimport './a.js'": ['./a.js'],
  "const größe = 1; const $a = größe; import './a.js'": ['./a.js'],
};

it.each(Object.entries(CASES))('%s', (source, expected) => {
  const written = sourceImports(source).map(
    ({ specifier, isTypeOnly }) => `${isTypeOnly ? 'type ' : ''}${specifier ?? '?'}`,
  );
  expect(written).toEqual(expected);
});

it('knows the line of each', () => {
  const source = "/*\n*/ import './a.js';\nconst a = `\n\n`;\nimport {\n  b,\n} from './b.js';\n";
  expect(sourceImports(source).map(({ line }) => line)).toEqual([2, 8]);
});
