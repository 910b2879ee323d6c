import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { compile } from './compile.mjs';

// npm run test:one -- NAME [VITEST OPTION...]: compiles what has changed and runs the test file whose path has NAME in it.

const ENDING = '.test.ts';
const USAGE = `usage: npm run test:one -- NAME [VITEST OPTION...]

NAME is a part of the path of a test file below test/, such as config/load or walk-order.
Options go to vitest: -t TEXT runs the tests with TEXT in their names, --update writes file snapshots.
`;

/** A path that ends with NAME wins over paths that only contain it: `migrate` is not `migrate-in-cluster`. */
function testFiles(name) {
  const files = readdirSync('test', { recursive: true })
    .filter((path) => path.endsWith(ENDING))
    .map((path) => path.slice(0, -ENDING.length))
    .toSorted((one, other) => one.localeCompare(other));
  const wanted = name.replace(/^(?:dist\/)?test\//, '').replace(/\.test\.[tj]s$/, '');
  const exact = files.filter((path) => `/${path}`.endsWith(`/${wanted}`));
  return exact.length > 0 ? exact : files.filter((path) => path.includes(wanted));
}

function runOne([name, ...options]) {
  // A second name would reach vitest as a filter that matches nothing.
  if (name === undefined || name.startsWith('-') || options[0]?.startsWith('-') === false) {
    process.stderr.write(USAGE);
    return 2;
  }
  const [file, ...others] = testFiles(name);
  if (file === undefined) {
    process.stderr.write(`No test file below test/ has "${name}" in its path.\n`);
    return 2;
  }
  if (others.length > 0) {
    const paths = [file, ...others].map((path) => `  ${path}\n`).join('');
    process.stderr.write(
      `Several test files have "${name}" in their paths; give more of one of them:\n${paths}`,
    );
    return 2;
  }
  if (!compile()) return 1;
  const config = file.endsWith('.long') ? 'test/vitest.long.config.mjs' : 'test/vitest.config.mjs';
  const vitest = ['vitest', 'run', '--config', config, `dist/test/${file}.test.js`, ...options];
  return spawnSync('npx', ['--no-install', ...vitest], { stdio: 'inherit' }).status ?? 1;
}

process.exitCode = runOne(process.argv.slice(2));
