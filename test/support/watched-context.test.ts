import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { accessibilityProblems } from './accessibility.js';
import { chromiumExecutable } from './chromium.js';
import { testBrowser } from './test-browser.js';
import { watchedContext } from './watched-context.js';

const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self' https://example.org";

const PAGES: Readonly<Record<string, string>> = {
  '/good': '<html lang="en"><title>Good</title><main><h1>A page</h1><p>Good</p></main></html>',
  '/unreadable': '<html lang="en"><title>Bad</title><main><h1>A page</h1><input /></main></html>',
  '/inline-script': '<script>document.title = "bad"</script>',
  '/inline-style': '<p style="color: red">Red</p>',
  '/throws': '<script src="/throws.js"></script>',
  '/rejects': '<script src="/rejects.js"></script>',
  '/complains': '<script src="/complains.js"></script>',
  '/asks': '<script src="/asks.js"></script>',
  '/lacks': '<script src="/no-such.js"></script>',
};

const SCRIPTS: Readonly<Record<string, string>> = {
  '/throws.js': 'throw new Error("thrown")',
  '/rejects.js': 'Promise.reject(new Error("rejected"))',
  '/complains.js': 'console.error("complaint")',
  '/asks.js': 'fetch("https://example.org/").catch(() => undefined)',
};

const server = createServer(({ url = '' }, response) => {
  const page = PAGES[url];
  const text = page ?? SCRIPTS[url];
  response.writeHead(text === undefined ? 404 : 200, {
    'content-type': page === undefined ? 'text/javascript' : 'text/html',
    'content-security-policy': POLICY,
  });
  response.end(text);
});
let origin = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
});
afterAll(() => void server.close());

describe('a watched browser', () => {
  const browser = testBrowser();

  it('has nothing to say about a good page', async () => {
    const watched = await watchedContext(browser(), origin);
    const page = await watched.open('/good');
    expect(await page.textContent('p')).toBe('Good');
    expect(watched.requests()).toContain('GET /good');
    expect(await accessibilityProblems(page)).toEqual([]);
    await watched.close();
  });

  it.each([
    ['/inline-script', /^content security policy: script-src-elem blocked inline$/],
    ['/inline-style', /^content security policy: style-src-attr blocked inline$/],
    ['/throws', /^uncaught: Error: thrown/],
    ['/rejects', /^uncaught: Error: rejected/],
    ['/complains', /^console: complaint$/],
    ['/asks', /^another host: GET https:\/\/example\.org\/$/],
    ['/lacks', /^GET \/no-such\.js answered 404$/],
  ])('notes what is wrong with %s', async (path, fault) => {
    const watched = await watchedContext(browser(), origin);
    await watched.open(path);
    await expect.poll(() => watched.faults()).toContainEqual(expect.stringMatching(fault));
    await expect(watched.close()).rejects.toThrow('faults in the browser');
  });

  it('finds what people with a screen reader cannot use', async () => {
    const watched = await watchedContext(browser(), origin);
    const problems = await accessibilityProblems(await watched.open('/unreadable'));
    expect(problems).toEqual([expect.stringMatching(/^label \(.*<input>/)]);
    await watched.close();
  });

  it('says nothing about faults that the test expects', async () => {
    const watched = await watchedContext(browser(), origin);
    watched.allow(/^uncaught: Error: thrown/);
    await watched.open('/throws');
    await watched.close();
  });
});

describe('the search for a browser', () => {
  it('takes the program that CHROME names, and says so when it is none', async () => {
    vi.stubEnv('CHROME', process.execPath);
    expect(await chromiumExecutable()).toBe(process.execPath);
    vi.stubEnv('CHROME', '/nowhere/chrome');
    await expect(chromiumExecutable()).rejects.toThrow('CHROME is /nowhere/chrome');
    vi.unstubAllEnvs();
  });
});
