import { type ClientRequest, request } from 'node:http';
import { availableParallelism } from 'node:os';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertLibrary } from '../../../server/library/library-repository.js';
import type { Library } from '../../../server/library/library.js';
import { insertScan } from '../../../server/scan/scan-repository.js';
import { WHOLE_LIBRARY } from '../../../server/scan/scan.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { addKey, addUser } from '../http/routes/kosync/sync-server.js';
import { serveProgram } from './served-program.js';

const [DATABASE] = testDatabases();

interface Sent {
  readonly status: number;
  readonly text: string;
}

describe('the limits of a server with three listening threads', () => {
  let store: TestStore;
  let port = 0;
  let key = '';
  const open: ClientRequest[] = [];
  beforeEach(async () => {
    if (DATABASE === undefined) throw new Error('no database');
    store = await openTestStore(DATABASE);
    const { user } = await addUser({ store }, { isOwner: true });
    key = (await addKey({ store }, user.id, { permissions: ['library:scan', 'library:manage'] })).text;
    ({ port } = await serveProgram(store.url, { settings: ['server.listeners=3'] }));
  });
  afterEach(async () => {
    for (const each of open.splice(0)) each.destroy();
    await store.close();
  });

  /** Over a connection of its own: the system chooses the thread. Event streams resolve with the head of the answer. */
  function send(method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Sent> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
        const status = answer.statusCode ?? 0;
        if (answer.headers['content-type'] === 'text/event-stream') {
          open.push(sent);
          answer.on('error', () => undefined);
          resolve({ status, text: '' });
          return;
        }
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve({ status, text }));
      });
      sent.on('error', reject);
      sent.end(method === 'POST' ? '{}' : undefined);
    });
  }

  const withKey = () => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });

  async function addLibrary(name: string): Promise<Library> {
    const { path } = await temporaryFolder();
    for (let folder = 0; folder < 20; folder += 1) {
      mkdirSync(join(path, String(folder)));
      for (let file = 0; file < 20; file += 1)
        writeFileSync(join(path, String(folder), `${file}.epub`), name);
    }
    const library = await insertLibrary(store, {
      name,
      root: Buffer.from(path),
      extensions: undefined,
      koreaderHashes: true,
    });
    if (library === undefined) throw new Error('the name is taken');
    return library;
  }

  it('count the scans of all threads together', async () => {
    const libraries = await Promise.all(
      Array.from({ length: 12 }, (_, index) => addLibrary(`library ${index}`)),
    );
    // All begin before the first has started its thread, and so before it can have ended.
    const answers = await Promise.all(
      libraries.map(({ id }) => send('POST', `/api/v1/libraries/${id}/scans`, withKey())),
    );
    const statuses = answers.map(({ status }) => status).toSorted((one, other) => one - other);
    expect(statuses).toEqual([...Array<number>(4).fill(201), ...Array<number>(8).fill(503)]);
    expect(answers.find(({ status }) => status === 503)?.text).toContain('scans-at-limit');
    // A place is given back when a scan has ended, by whichever thread.
    await expect
      .poll(
        async () =>
          (await send('POST', `/api/v1/libraries/${libraries[0]?.id ?? 0}/scans`, withKey())).status,
        {
          timeout: 20_000,
        },
      )
      .toBe(201);
  });

  it('count the event streams of all threads together', async () => {
    const library = await addLibrary('watched');
    const scan = {
      shard: WHOLE_LIBRARY,
      regenSinceMs: undefined,
      runner: 'elsewhere 00 1 1 1',
      leaseMs: 3_600_000,
    };
    const id = await insertScan(store, { ...scan, libraryId: library.id });
    // Each user has a smaller share on each thread.
    const keys = [key];
    for (const name of ['bo', 'cy', 'di', 'ed', 'fay', 'gil', 'hal', 'ida', 'jo', 'kim', 'lea']) {
      const { user } = await addUser({ store }, { name, isOwner: true });
      keys.push((await addKey({ store }, user.id, { permissions: ['library:scan'] })).text);
    }
    const watch = (stream: number): Promise<Sent> =>
      send('GET', `/api/v1/scans/${id}/events`, {
        authorization: `Bearer ${keys[stream % keys.length] ?? ''}`,
      });
    const statuses: number[] = [];
    for (let stream = 0; stream < 110; stream += 1) statuses.push((await watch(stream)).status);
    expect(statuses).toEqual([...Array<number>(100).fill(200), ...Array<number>(10).fill(503)]);
    for (const each of open.splice(0)) each.destroy();
    await expect
      .poll(async () => (await send('GET', `/api/v1/scans/${id}/events`, withKey())).status, {
        timeout: 20_000,
      })
      .toBe(200);
  });

  it('count the failures of an address in all threads together', async () => {
    const guess = async (number: number): Promise<number> =>
      (await send('GET', `/koreader/guess-${number}/users/auth`)).status;
    for (let number = 0; number < 100; number += 1) expect(await guess(number)).toBe(401);
    // The last failures are on their way to the other threads.
    await expect.poll(() => guess(1000 + Math.random())).toBe(429);
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (let number = 200; number < 220; number += 1) expect(await guess(number)).toBe(429);
    // A wrong key that was sent before is not a new guess, whichever thread it reached then.
    for (let round = 0; round < 12; round += 1) expect(await guess(7)).toBe(401);
  });

  it('queue the password checks of all threads together', async () => {
    const { user } = await addUser({ store }, { name: 'somebody', isSlowToCheck: true });
    const atOnce = Math.min(3, Math.max(1, availableParallelism() - 1));
    // One thread's queue has room for 33 times as many as run at once. Three queues would take all of these.
    const answers = await Promise.all(
      Array.from({ length: 33 * atOnce * 2 }, (_, index) =>
        send('GET', '/users/auth', { 'x-auth-user': user.name, 'x-auth-key': `guess ${index}` }),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 401).length;
    expect(refused).toBeGreaterThan(0);
  });
});
