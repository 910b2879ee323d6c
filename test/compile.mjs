import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';

// Compiles what has changed since the last build. `npm run test:one` does it once; `npm run dev` (`--watch`) does it after
// every change. `tsc --watch` is not used: TypeScript 7.0 sees no changes in containers, where fanotify does not work.
// Outputs of removed sources stay in dist until `npm run build`.

const TSC = 'node_modules/typescript/bin/tsc';
const VITE = 'node_modules/vite/bin/vite.js';
const CONSOLE = 'dist/server/console/index.html';
/** The types of its API come from the routes. */
const CONSOLE_SOURCES = ['server/console', 'server/http'];
const KERNEL = 'dist/engine/digest/md5-lanes/md5-lanes.wasm';
const KERNEL_SOURCES = 'engine/digest/md5-lanes';
const GENERATED = /\.generated\.ts$/;
const FOLDERS = ['config', 'engine', 'server', 'bench', 'test'];
/** An editor that saves several files, or git, makes many changes at once. */
const QUIET_MS = 200;

/** Prints the errors of the compiler; false when there were some. */
export function compile() {
  return (
    run(process.execPath, TSC) &&
    run('npm', 'run', '--silent', 'build:program') &&
    (isCurrent(KERNEL, [KERNEL_SOURCES]) || run('npm', 'run', '--silent', 'build:md5-lanes')) &&
    (isCurrent(CONSOLE, CONSOLE_SOURCES) || run('npm', 'run', '--silent', 'build:console'))
  );
}

function isCurrent(output, folders) {
  if (!existsSync(output)) return false;
  const { mtimeMs } = statSync(output);
  return folders.every((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => !GENERATED.test(name))
      .every((name) => statSync(join(folder, name)).mtimeMs <= mtimeMs),
  );
}

function run(command, ...args) {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0;
}

function compileOnChange() {
  let timer;
  const compileSoon = (_, name) => {
    if (name !== null && (!/\.(?:tsx?|css|html|json)$/.test(name) || GENERATED.test(name))) return;
    clearTimeout(timer);
    timer = setTimeout(report, QUIET_MS);
  };
  for (const folder of FOLDERS) watch(folder, { recursive: true }, compileSoon);
  report();
}

function report() {
  const startMs = performance.now();
  const outcome = compile() ? 'compiled' : 'failed';
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${new Date().toLocaleTimeString()} ${outcome} in ${seconds} s, waiting for changes`);
}

if (process.argv.includes('--watch')) {
  compileOnChange();
  // The pages, which show a change at once, with the API of a server that runs besides.
  spawn(process.execPath, [VITE, '--config', 'server/console/vite.config.mjs'], { stdio: 'inherit' });
}
