import { join } from 'node:path';
import { defineConfig } from 'vite';

const here = import.meta.dirname;
/** Where `npm run dev` finds the server whose API the pages use. */
const SERVER = process.env.DOGEAR_DEV_SERVER ?? 'http://127.0.0.1:8364';

// The pages are built into dist/server/console/, and served from there by server/http/routes/console-routes.ts.
export default defineConfig(({ command }) => ({
  root: here,
  // Addresses in the build are relative, because a reverse proxy may put a path in front. The server makes those of the
  // page itself absolute.
  base: command === 'build' ? './' : '/ui/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(here, '../../dist/server/console'),
    emptyOutDir: true,
    // The Content-Security-Policy allows no data: addresses but those of images.
    assetsInlineLimit: 0,
    // The page names the scripts that its first one imports. All browsers that run the pages know such links.
    modulePreload: { polyfill: false },
    target: ['chrome111', 'firefox120', 'safari17.5'],
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
