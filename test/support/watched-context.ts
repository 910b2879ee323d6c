import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

/** Longer than a page takes on a busy machine; a test that waits for something that never comes says so then. */
const PATIENCE_MS = 20_000;

/** What one person's browser does: cookies and tabs of its own. Everything that goes wrong in it is noted. */
export interface WatchedContext {
  readonly context: BrowserContext;
  /** Opens a tab at an address relative to the origin. */
  open(this: void, path: string): Promise<Page>;
  /** From now on, faults that match are expected. */
  allow(this: void, pattern: RegExp): void;
  /** The faults so far that are not expected. */
  faults(this: void): readonly string[];
  /** All requests of its pages so far, without those of workers: `GET /ui/`. */
  requests(this: void): readonly string[];
  /** @throws Error with the faults that are not expected */
  close(this: void): Promise<void>;
}

/** Nobody is signed in when a page of the console is opened first. */
const ALWAYS_ALLOWED = [/^GET \S*\/api\/v1\/me answered 401$/];

/**
 * A new context in which these are faults: errors that no script caught, errors in the browser's console, violations of the
 * Content-Security-Policy, requests to another origin, requests that fail, and answers of 400 and more.
 *
 * @param origin `http://127.0.0.1:8364`
 */
export async function watchedContext(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedContext> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Vienna', ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const faults: string[] = [];
  const allowed = [...ALWAYS_ALLOWED];
  const requests: string[] = [];
  const pathOf = (url: string): string => (url.startsWith(origin) ? url.slice(origin.length) : url);

  // Not under the policy of the page. A browser reports violations to the document that caused them.
  await context.exposeBinding('dogearViolation', (_, said: string) => faults.push(said));
  await context.addInitScript(reportViolations);
  context.on('weberror', (error) => faults.push(`uncaught: ${String(error.error().stack)}`));
  context.on('console', (message) => {
    // Answers that say no are noted below, with their path.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return;
    faults.push(`console: ${message.text()}`);
  });
  context.on('request', (request) => {
    const url = request.url();
    if (/^(?:data|blob):/.test(url)) return;
    requests.push(`${request.method()} ${pathOf(url)}`);
    if (new URL(url).origin !== origin) faults.push(`another host: ${request.method()} ${url}`);
  });
  context.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? '';
    // A page that is left stops what it was loading.
    if (reason === 'net::ERR_ABORTED') return;
    faults.push(`${request.method()} ${pathOf(request.url())} failed: ${reason}`);
  });
  context.on('response', (response) => {
    if (response.status() < 400) return;
    faults.push(
      `${response.request().method()} ${pathOf(response.url())} answered ${String(response.status())}`,
    );
  });

  const unexpected = () => faults.filter((fault) => !allowed.some((pattern) => pattern.test(fault)));
  return {
    context,
    open: async (path) => {
      const page = await context.newPage();
      await page.goto(`${origin}${path}`);
      return page;
    },
    allow: (pattern) => void allowed.push(pattern),
    faults: unexpected,
    requests: () => [...requests],
    close: async () => {
      await context.close();
      const left = unexpected();
      if (left.length > 0) throw new Error(`faults in the browser:\n${left.join('\n')}`);
    },
  };
}

/** Runs in every page, before its own scripts. */
function reportViolations(): void {
  const page = globalThis as unknown as {
    readonly document: EventTarget;
    readonly dogearViolation: (said: string) => Promise<void>;
  };
  page.document.addEventListener('securitypolicyviolation', (event) => {
    const { violatedDirective, blockedURI } = event as Event &
      Record<'violatedDirective' | 'blockedURI', string>;
    void page.dogearViolation(`content security policy: ${violatedDirective} blocked ${blockedURI}`);
  });
}
