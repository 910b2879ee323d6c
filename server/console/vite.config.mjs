import { join } from 'node:path';
import { defineConfig } from 'vite';

/** `h('p', null, text)` instead of `jsx('p', { children: text })`: 0.7 kB less, gzip. */
const SHORT_JSX = { runtime: 'classic', pragma: '_h', pragmaFrag: '_Fragment' };

const here = import.meta.dirname;
/** Where `npm run dev` finds the server whose API the pages use. */
const SERVER = process.env.DOGEAR_DEV_SERVER ?? 'http://127.0.0.1:8364';

// The pages are built into dist/server/console/, and served from there by server/http/routes/console-routes.ts.
export default defineConfig(({ command }) => ({
  root: here,
  // Addresses in the build are relative, because a reverse proxy may put a path in front. The server makes those of the
  // page itself absolute.
  base: command === 'build' ? './' : '/ui/',
  oxc: { jsx: command === 'build' ? SHORT_JSX : { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(here, '../../dist/server/console'),
    emptyOutDir: true,
    // The Content-Security-Policy allows no data: addresses but those of images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The first ones with light-dark().
    target: ['chrome123', 'firefox120', 'safari17.5'],
    rolldownOptions: {
      // One file compresses better than several, by 4 kB of 50, and no page waits for a script of its own.
      output: { codeSplitting: false },
      transform: {
        inject: { [SHORT_JSX.pragma]: ['preact', 'h'], [SHORT_JSX.pragmaFrag]: ['preact', 'Fragment'] },
      },
    },
    license: { fileName: 'licenses.json' },
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
