import { join } from 'node:path';
import { defineConfig } from 'vite';

/** `h('p', null, text)` instead of `jsx('p', { children: text })`: 0.7 kB less, gzip. */
const SHORT_JSX = { runtime: 'classic', pragma: '_h', pragmaFrag: '_Fragment' };

const here = import.meta.dirname;
/** Where `npm run dev` finds the server whose API the pages use. */
const SERVER = process.env.DOGEAR_DEV_SERVER ?? 'http://127.0.0.1:8364';

/**
 * The reader is a page of its own, built by `vite build --mode reader`: nothing of it is loaded before a book is opened, and
 * its page has another Content-Security-Policy.
 */
const READER = 'reader';
const READER_NAMES = {
  entryFileNames: 'assets/reader-[hash].js',
  assetFileNames: 'assets/reader-[hash][extname]',
};

/**
 * foliate-js lets scripts into the frames of chapters, because of a fault of WebKit. Scripts of books never run here. What it
 * has for browsers without style sheets that scripts construct is left out.
 */
const withoutScriptsInBooks = {
  name: 'without-scripts-in-books',
  enforce: 'pre',
  resolveId(id) {
    return id === 'construct-style-sheets-polyfill' ? '\0nothing' : undefined;
  },
  load(id) {
    return id === '\0nothing' ? '' : undefined;
  },
  transform(code, id) {
    if (!/\/foliate-js\/(?:paginator|fixed-layout)\.js$/.test(id)) return undefined;
    const parts = code.split("'allow-same-origin allow-scripts'");
    if (parts.length !== 2) throw new Error('the frame of foliate-js has changed: look at its sandbox');
    return { code: parts.join("'allow-same-origin'"), map: null };
  },
};

/** While developing, every address of the reader is its page. */
const readerPage = {
  name: 'reader-page',
  configureServer(server) {
    server.middlewares.use((request, _, next) => {
      if (/^\/ui\/read\/\d+/.test(request.url)) request.url = '/ui/read.html';
      next();
    });
  },
};

// The pages are built into dist/server/console/, and served from there by server/http/routes/console-routes.ts.
export default defineConfig(({ command, mode }) => ({
  root: here,
  // Addresses in the build are relative, because a reverse proxy may put a path in front. The server makes those of the
  // page itself absolute.
  base: command === 'build' ? './' : '/ui/',
  plugins: [withoutScriptsInBooks, readerPage],
  oxc: { jsx: command === 'build' ? SHORT_JSX : { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(here, '../../dist/server/console'),
    emptyOutDir: mode !== READER,
    // The Content-Security-Policy allows no data: addresses but those of images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The first ones with light-dark().
    target: ['chrome123', 'firefox120', 'safari17.5'],
    rolldownOptions: {
      input: join(here, mode === READER ? 'read.html' : 'index.html'),
      // One file compresses better than several, by 4 kB of 50, and no page waits for a script of its own.
      output: { codeSplitting: false, ...(mode === READER ? READER_NAMES : {}) },
      transform: {
        inject: { [SHORT_JSX.pragma]: ['preact', 'h'], [SHORT_JSX.pragmaFrag]: ['preact', 'Fragment'] },
      },
    },
    license: { fileName: mode === READER ? 'reader-licenses.json' : 'licenses.json' },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': {
        target: SERVER,
        changeOrigin: true,
        configure: (proxy) => {
          // The server takes changes from its own pages only.
          proxy.on('proxyReq', (request) => request.setHeader('origin', SERVER));
        },
      },
    },
  },
}));
