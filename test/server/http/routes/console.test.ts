import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { ConsoleAccess } from '../../../../server/http/console-access.js';
import { readConsoleFiles } from '../../../../server/http/console-files.js';
import { Router } from '../../../../server/http/router.js';
import { consoleGroups } from '../../../../server/http/routes/console-routes.js';
import { listen } from '../../../../server/http/uws.js';
import { repositoryRoot } from '../../../support/repository-root.js';
import { sendRaw } from '../raw-socket.js';
import { closeLater, closeServers } from '../served-handler.js';

afterEach(closeServers);

async function serveConsole(basePath = ''): Promise<string> {
  const options = { isDatabaseAway: () => false, log: { error: () => undefined } };
  const access = new ConsoleAccess({ basePath, publicUrl: undefined, hosts: [], isTls: false });
  const files = readConsoleFiles(join(repositoryRoot, 'dist/server/console'), basePath);
  const server = await listen({
    host: '127.0.0.1',
    port: 0,
    router: new Router(basePath, consoleGroups({ files, access, basePath, ...options })),
    bodyLimitBytes: 1000,
    trustedProxies: [],
  });
  closeLater(server);
  return `http://127.0.0.1:${String(server.port)}${basePath}`;
}

async function scriptOf(page: Response): Promise<string> {
  const [, path = ''] = /<script type="module"[^>]* src="([^"]+)"/.exec(await page.text()) ?? [];
  return path;
}

describe('the console', () => {
  it.each(['/ui', '/ui/', '/ui/books/5', '/ui/no/such/page'])('is one page, also at %s', async (path) => {
    const answer = await fetch(`${await serveConsole()}${path}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await answer.text()).toMatch(/ src="\/ui\/assets\/[^"]+\.js"/);
  });

  it('lets nothing run in its pages but its own files, and asks no other host', async () => {
    const base = await serveConsole();
    for (const path of ['/ui/', await scriptOf(await fetch(`${base}/ui/`))]) {
      const { headers } = await fetch(`${base}${path}`);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; " +
          "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  it('is below the base path of a proxy, with its files', async () => {
    const base = await serveConsole('/dogear');
    const script = await scriptOf(await fetch(`${base}/ui/libraries`));
    expect(script).toMatch(/^\/dogear\/ui\/assets\//);
    const answer = await fetch(new URL(script, base));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect((await fetch(`${new URL(base).origin}/ui/`)).status).toBe(404);
  });

  it('has files that browsers keep, under names that change with them, and a page that they ask for again', async () => {
    const base = await serveConsole();
    const page = await fetch(`${base}/ui/`);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const script = await fetch(`${base}${await scriptOf(page)}`);
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const licenses = await fetch(`${base}/ui/licenses.json`);
    expect(licenses.headers.get('cache-control')).toBe('no-cache');
    for (const answer of [page, licenses]) {
      const again = await fetch(answer.url, {
        headers: { 'if-none-match': answer.headers.get('etag') ?? '' },
      });
      expect(again.status).toBe(304);
    }
    // An open page of the version before asks for its files.
    expect((await fetch(`${base}/ui/assets/index-0000.js`)).status).toBe(404);
  });

  it('is sent compressed to whoever takes that', async () => {
    const base = await serveConsole();
    const script = `${base}${await scriptOf(await fetch(`${base}/ui/`))}`;
    const zipped = await fetch(script, { headers: { 'accept-encoding': 'gzip' } });
    const plain = await fetch(script, { headers: { 'accept-encoding': 'identity' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(plain.headers.get('vary')).toBe('accept-encoding');
    // fetch has unpacked it.
    expect(await zipped.text()).toBe(await plain.text());
    const { gzip, bytes } = readConsoleFiles(join(repositoryRoot, 'dist/server/console'), '').page;
    expect(gunzipSync(gzip)).toEqual(Buffer.from(bytes));
  });

  it('says itself that there is nothing at an address with a broken escape, which readers take for a failure', async () => {
    const answer = await fetch(`${await serveConsole()}/ui/reading/%E0%A4%A`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await answer.text()).toMatch(/ src="\/ui\/assets\/[^"]+\.js"/);
  });

  it.each(['/ui/', '/ui/%E0%A4%A'])(
    'is not shown under a name that another site made lead here, at %s',
    async (path) => {
      const { port } = new URL(await serveConsole());
      const parts = [`GET ${path} HTTP/1.1\r\nHost: rebound.example.org\r\nConnection: close\r\n\r\n`];
      const until = (answer: string): boolean => answer.includes('server.hosts');
      const { text } = await sendRaw({ port: Number(port), parts, until });
      expect(text).toMatch(/^HTTP\/1\.1 421 /);
      expect(text).toContain('host-unknown');
    },
  );

  it('is no answer to readers, whose address somebody took from a browser', async () => {
    const base = await serveConsole();
    for (const path of [
      'users/auth',
      '/users/create',
      'syncs/progress/d',
      'koreader/abcd/users/auth',
      'koreader//abcd',
      'healthcheck',
    ]) {
      const answer = await fetch(`${base}/ui/${path}`);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.text()).toContain('without ui/');
    }
    for (const page of ['koreader', 'users', 'users/3'])
      expect((await fetch(`${base}/ui/${page}`)).status).toBe(200);
  });

  it('is nowhere else: readers take a page for a login', async () => {
    const base = await serveConsole();
    for (const path of ['/syncs/progress/x', '/users/auth', '/index.html', '/uix', '/assets/x']) {
      const answer = await fetch(`${base}${path}`);
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        path,
        404,
        'application/problem+json',
      ]);
    }
    const top = await fetch(`${base}/`, { redirect: 'manual' });
    expect([top.status, top.headers.get('location')]).toEqual([303, '/ui/']);
    expect((await fetch(`${base}/ui/`, { method: 'POST' })).status).toBe(405);
  });
});
