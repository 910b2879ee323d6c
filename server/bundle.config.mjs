import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { defineConfig } from 'vite';

const here = join(import.meta.dirname, '..');
/** Where the program and the threads of it begin; each stays at its place below dist/. */
const ENTRIES = /^(?:server\/(?:main|.+-worker)|engine\/pool\/worker)\.ts$/;
/** Packages of many small modules, or that every command loads. Others are loaded from node_modules when they are needed. */
const BUNDLED = [
  'commander',
  'croner',
  'fastest-levenshtein',
  'ignore',
  'ipaddr.js',
  'kysely',
  'lru-cache',
  'zod',
];
const MODULE_URL = /MODULE_URL\("([^"]+)"\)/g;

/** A module looks for its neighbours, such as a thread's file, from its own place below dist/, whichever file it ended up in. */
const placesOfModules = {
  name: 'places-of-modules',
  enforce: 'pre',
  transform(code, id) {
    // Neither packages nor what the bundler adds itself.
    if (!id.endsWith('.ts') || !code.includes('import.meta.url')) return undefined;
    const compiled = JSON.stringify(relative(here, id).replace(/\.ts$/, '.js'));
    return { code: code.replaceAll('import.meta.url', `MODULE_URL(${compiled})`), map: null };
  },
  renderChunk(code, chunk) {
    const placed = code.replaceAll(MODULE_URL, (_, path) => {
      const fromChunk = relative(dirname(chunk.fileName), path);
      return `new URL(${JSON.stringify(fromChunk)}, import.meta.url).href`;
    });
    // No line moves, and debuggers stop at lines.
    return { code: placed, map: null };
  },
};

// Joins the modules of the program into few files, after `tsc`: loading one of hundreds of modules takes Node.js longer than
// reading what is in it, in each thread anew. The single modules stay in dist/ as well, for the tests and for `dogear/engine`.
export default defineConfig({
  root: here,
  publicDir: false,
  plugins: [placesOfModules],
  ssr: { noExternal: BUNDLED },
  build: {
    ssr: true,
    target: 'node20',
    outDir: 'dist',
    emptyOutDir: false,
    // For debuggers and the profiles of the bench; not a part of the package.
    sourcemap: true,
    license: { fileName: 'server/licenses.json' },
    rolldownOptions: {
      // It would be said on a busy machine only.
      checks: { pluginTimings: false },
      // No module of the program is imported for what it does when it is loaded.
      treeshake: { moduleSideEffects: [{ test: /\.ts$/, sideEffects: false }] },
      input: Object.fromEntries(
        ['engine', 'server']
          .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
          .filter((path) => ENTRIES.test(path) && !path.startsWith('server/console/'))
          .map((path) => [path.replace(/\.ts$/, ''), path]),
      ),
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'server/chunks/[name].js',
        // A server that runs while a new version is put in its place may still load files of it. Under short names such a file
        // would get other functions than it means from those that are loaded; under whole ones it is refused.
        minifyInternalExports: false,
      },
    },
  },
});
