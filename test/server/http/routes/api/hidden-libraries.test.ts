import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

/** What a caller may ask about: everything of one library, or names that belong to nothing. */
interface Things {
  readonly library: number;
  readonly book: number;
  readonly scan: number;
  readonly digest: string;
}

interface Question {
  readonly method: string;
  readonly path: (things: Things) => string;
  readonly body?: object;
}

const cursorOf = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const PUSH = { progress: 'p', percentage: 0.5, device: 'd', device_id: 'd' };
const PLACE = { cfi: 'epubcfi(/6/2!/4/2/1:0)', device: { id: 'web', name: 'Web' } };

/** Every request that names a library, a book, a scan or a digest. */
const QUESTIONS: readonly Question[] = [
  { method: 'GET', path: ({ library }) => `/libraries/${String(library)}` },
  { method: 'POST', path: ({ library }) => `/libraries/${String(library)}/scans` },
  { method: 'GET', path: ({ library }) => `/scans?library_id=${String(library)}` },
  { method: 'GET', path: ({ scan }) => `/scans?cursor=${Buffer.from(String(scan)).toString('base64url')}` },
  { method: 'GET', path: ({ scan }) => `/scans/${String(scan)}` },
  { method: 'GET', path: ({ scan }) => `/scans/${String(scan)}/failures` },
  { method: 'GET', path: ({ scan }) => `/scans/${String(scan)}/events` },
  { method: 'POST', path: ({ scan }) => `/scans/${String(scan)}/cancel` },
  { method: 'GET', path: ({ library }) => `/books?library_id=${String(library)}` },
  { method: 'GET', path: ({ digest }) => `/books?digest=${digest}` },
  { method: 'GET', path: ({ digest, book }) => `/books?digest=${digest}&cursor=${cursorOf({ b: book })}` },
  { method: 'GET', path: ({ book }) => `/books?cursor=${cursorOf({ b: book })}` },
  { method: 'GET', path: ({ library }) => `/books?cursor=${cursorOf({ l: library, p: '' })}` },
  { method: 'GET', path: ({ book }) => `/books/${String(book)}` },
  { method: 'POST', path: ({ book }) => `/books/${String(book)}/hash` },
  { method: 'GET', path: ({ book }) => `/books/${String(book)}/reading` },
  { method: 'GET', path: ({ digest }) => `/progress/${digest}` },
  { method: 'PUT', path: ({ digest }) => `/progress/${digest}`, body: PLACE },
  { method: 'DELETE', path: ({ digest }) => `/progress/${digest}/positions/aWQ` },
];

describe.each(testDatabases())('a library that the caller may not see, on $name,', (kind) => {
  let server: ApiServer;
  let stranger: Caller;
  let reader: Caller;
  let hidden: Things;
  let unknown: Things;
  const statements: string[] = [];

  beforeAll(async () => {
    server = await startApiServer(kind, {
      hooks: { beforeStatement: (text) => void statements.push(text) },
    });
    const owner = await server.caller({ isOwner: true });
    const permissions = ['library:scan', 'feature:koreader_sync', 'feature:api_keys'] as const;
    stranger = await server.caller({ permissions });
    reader = await server.caller({ permissions });
    // A library that everybody sees: otherwise no statement is run for a caller without any.
    const seen = await bookFolder({ 'seen.epub': 'seen' });
    await owner.expect(201, 'POST', '/libraries', { name: 'seen', root: seen.path });
    const folder = await bookFolder({ 'secret.epub': 'secret' });
    const { id: library } = await owner.expect(201, 'POST', '/libraries', {
      name: 'secret',
      root: folder.path,
      restricted: true,
    });
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(library)}/scans`);
    await vi.waitUntil(
      async () => (await owner.expect(200, 'GET', `/scans/${String(scan)}`)).state === 'completed',
      { timeout: 20_000 },
    );
    const { items } = await owner.expect(200, 'GET', `/books?library_id=${String(library)}`);
    const [{ id: book }] = items as [Json];
    await owner.call('PUT', `/libraries/${String(library)}/readers/${String(reader.userId)}`);
    hidden = { library, book, scan, digest: md5('secret') };
    const none = 987_654;
    unknown = { library: none, book: none, scan: none, digest: md5('in no library') };
  });

  afterAll(() => server.close());

  /**
   * The statements of `work` with `it` in place of what it asked about, without those of authentication and of access
   * maps, whose caches expire at any time. In alphabetical order: some are sent at the same time.
   */
  async function statementsOf({ digest }: Things, work: () => Promise<unknown>): Promise<readonly string[]> {
    statements.length = 0;
    await work();
    return statements
      .filter((text) => !/api_key|cache_mark|change_mark|left join .restricted_library/.test(text))
      .map((text) => text.replaceAll(digest, 'it').replace(/\d+ as now_ms/, 'now'))
      .toSorted();
  }

  async function answerTo({ method, path, body }: Question, things: Things): Promise<unknown> {
    const { status, text } = await stranger.call(method, path(things), body);
    const shown = Object.values(things).reduce(
      (rest: string, thing: string | number) => rest.replaceAll(String(thing), 'it'),
      text,
    );
    return { status, shown };
  }

  it.each(QUESTIONS.map((question) => ({ ...question, name: question.path(NAMES) })))(
    'looks like none at $method $name, and costs the same statements',
    async (question) => {
      let ofHidden: unknown;
      let ofUnknown: unknown;
      const forHidden = await statementsOf(hidden, async () => (ofHidden = await answerTo(question, hidden)));
      const forUnknown = await statementsOf(
        unknown,
        async () => (ofUnknown = await answerTo(question, unknown)),
      );
      expect(ofHidden).toEqual(ofUnknown);
      expect(forHidden).toEqual(forUnknown);
    },
  );

  const kosync = async (caller: Caller, method: string, path: string, body?: object) => {
    const response = await fetch(`${server.url}/koreader/${caller.key}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };

  it.each([
    ['when nothing is cached', () => Promise.resolve()],
    [
      'after one of its readers has pulled',
      async () => void (await kosync(reader, 'GET', `/syncs/progress/${hidden.digest}`)),
    ],
  ])('costs a pull and a push what an unknown digest costs, %s', async (_name, before) => {
    for (const send of [
      ({ digest }: Things) => kosync(stranger, 'GET', `/syncs/progress/${digest}`),
      ({ digest }: Things) => kosync(stranger, 'PUT', '/syncs/progress', { document: digest, ...PUSH }),
    ]) {
      const outcomes: object[] = [];
      for (const things of [unknown, hidden]) {
        server.sync.forgetLibraries();
        await before();
        const first = await statementsOf(things, () => send(things));
        const second = await statementsOf(things, () => send(things));
        const { status, text } = await send(things);
        outcomes.push({ status, text: text.replaceAll(things.digest, 'it'), first, second });
      }
      const [ofUnknown, ofHidden] = outcomes;
      expect(ofHidden).toEqual(ofUnknown);
    }
  });
});

/** For the names of the tests. */
const NAMES: Things = { library: 1, book: 2, scan: 3, digest: 'DIGEST' };
