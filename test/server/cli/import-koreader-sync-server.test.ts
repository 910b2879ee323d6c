import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { passwordKeyOf } from '../../../server/accounts/passwords/password-key.js';
import { openStore } from '../../../server/database/store.js';
import { testDatabases, type TestDatabase } from '../../support/databases.js';
import { type PrivateRedis, setProgress, setUser, startPrivateRedis } from '../../support/private-redis.js';
import { runProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { serveProgram } from '../compose/served-program.js';

const BOOK = '0b229176d4e8db7f6d2b5a4952368d7a';
const POINTER = '/body/DocFragment[20]/body/p[22]/img.0';
/** The timestamp of the positions, in seconds. */
const THEN = 1_700_000_000;

/** Several transactions. */
const DOCUMENTS = 4000;

let redis: PrivateRedis;

beforeAll(async () => {
  redis = await startPrivateRedis();
}, 120_000);

afterAll(() => redis.stop());

beforeEach(async () => {
  await redis.command('flushall');
  await redis.commands([
    setUser('anna', passwordKeyOf('geheim')),
    setUser('José', passwordKeyOf('otra')),
    setProgress('anna', BOOK, position({ percentage: '0.31879884821061' })),
    setProgress('anna', 'Some book.epub', position({ progress: '12', percentage: '1' })),
    setProgress('José', BOOK, position({ device_id: '', percentage: '5e-05' })),
  ]);
});

function position(fields: Readonly<Record<string, string | Buffer>> = {}): Record<string, string | Buffer> {
  return {
    percentage: '0.5',
    progress: POINTER,
    device: 'PocketBook',
    device_id: 'C0FFEE',
    timestamp: String(THEN),
    ...fields,
  };
}

describe.each(testDatabases())(
  'an import from koreader-sync-server into $name',
  { timeout: 120_000 },
  (kind) => {
    let database: TestDatabase;
    let cwd: string;

    beforeEach(async () => {
      database = await kind.create();
      cwd = (await temporaryFolder()).path;
      return () => database.drop();
    });

    const url = () => `redis://127.0.0.1:${String(redis.port)}`;
    const dogear = (...args: readonly string[]) => runProgram([...args, '--database', database.url], { cwd });
    const importFrom = async (...args: readonly string[]) => {
      const { exitCode, stdout, stderr } = await dogear('import', 'koreader-sync-server', '--json', ...args);
      expect([exitCode, stderr.replace(/^Nothing was written.*\n/, '')]).toEqual([0, '']);
      return JSON.parse(stdout) as ImportResult;
    };

    it('lets every reader go on with the old password, where it was', async () => {
      const dry = await importFrom(url());
      expect(dry).toMatchObject({ applied: false, users: { made: 2 }, positions: { added: 3 } });
      expect((await dogear('user', 'list')).stdout).toBe('');
      const done = await importFrom(url(), '--apply');
      expect(done).toEqual({ ...dry, applied: true });
      const reader = await readerOf(database.url);
      const anna = reader('anna', passwordKeyOf('geheim'));
      expect(await anna('GET', '/users/auth')).toEqual({ status: 200, body: { authorized: 'OK' } });
      expect(await reader('anna', passwordKeyOf('wrong'))('GET', '/users/auth')).toMatchObject({
        status: 401,
      });
      expect(await anna('GET', `/syncs/progress/${BOOK}`)).toEqual({
        status: 200,
        body: {
          document: BOOK,
          percentage: 0.318_798_848_210_61,
          progress: POINTER,
          device: 'PocketBook',
          device_id: 'C0FFEE',
          timestamp: THEN,
        },
      });
      expect(await anna('GET', '/syncs/progress/Some%20book.epub')).toMatchObject({
        status: 200,
        body: { progress: '12' },
      });
      const jose = reader('José', passwordKeyOf('otra'));
      expect(await jose('GET', `/syncs/progress/${BOOK}`)).toMatchObject({
        status: 200,
        body: { percentage: 0.000_05 },
      });
      const push = { document: BOOK, percentage: 0.4, progress: 'new', device: 'Kobo', device_id: 'K' };
      expect(await anna('PUT', '/syncs/progress', push)).toMatchObject({
        status: 200,
        body: { document: BOOK },
      });
      expect(await anna('GET', `/syncs/progress/${BOOK}`)).toMatchObject({
        status: 200,
        body: { progress: 'new' },
      });
      // The old one is kept for its device, and a second import changes nothing.
      const again = await importFrom(url(), '--apply');
      expect(again).toMatchObject({
        users: { made: 0, there: 2 },
        positions: { added: 0, newer: 0, beside: 0, there: 3, older: 0 },
      });
      expect(await anna('GET', `/syncs/progress/${BOOK}`)).toMatchObject({
        status: 200,
        body: { progress: 'new' },
      });
      const shown = await dogear('progress', 'show', 'anna', BOOK, '--json');
      expect(shown.stdout.match(/"progress":"[^"]*"/g)).toEqual([
        '"progress":"new"',
        `"progress":"${POINTER}"`,
      ]);
      // Who reads on with the old server is moved again.
      const soon = String(Math.floor(Date.now() / 1000) + 3600);
      await redis.command(...setProgress('anna', BOOK, position({ progress: 'later', timestamp: soon })));
      expect(await importFrom(url(), '--apply')).toMatchObject({ positions: { newer: 1, there: 2 } });
      expect(await anna('GET', `/syncs/progress/${BOOK}`)).toMatchObject({
        status: 200,
        body: { progress: 'later' },
      });
      // Of a time that cannot be nobody knows whether it is newer.
      await redis.command(
        ...setProgress('anna', BOOK, position({ progress: 'wrong', timestamp: '4102444800' })),
      );
      expect(await importFrom(url(), '--apply')).toMatchObject({
        positions: { older: 1, there: 2 },
        mended: { 'time-in-future': { count: 1, named: [`anna: ${BOOK}`] } },
      });
      expect(await anna('GET', `/syncs/progress/${BOOK}`)).toMatchObject({
        status: 200,
        body: { progress: 'later' },
      });
    });

    it.runIf(kind.name === 'sqlite')('leaves out what Dogear refuses, and names it', async () => {
      const latin1 = Buffer.from('caf\u00e9', 'latin1');
      await redis.commands([
        setUser(' space', 'key'),
        setUser('x'.repeat(70), 'key'),
        setUser('empty', ''),
        setUser('long', 'k'.repeat(129)),
        ['set', Buffer.concat([Buffer.from('user:'), latin1, Buffer.from(':key')]), 'key'],
        ['lpush', 'user:list:key', 'no string'],
        setProgress(' space', BOOK, position()),
        setProgress('nobody', BOOK, position()),
        setProgress('anna', 'd'.repeat(300), position()),
        setProgress('anna', 'nan', position({ percentage: 'nan' })),
        setProgress('anna', 'much', position({ percentage: '1.01' })),
        setProgress('anna', 'word', position({ percentage: 'half' })),
        ['hset', 'user:anna:document:alone', 'percentage', '0.5'],
        setProgress('anna', 'far', position({ progress: 'p'.repeat(5000) })),
        setProgress('anna', 'odd', position({ device: latin1 })),
        setProgress('anna', 'ms', position({ timestamp: String(THEN * 1000) })),
        setProgress('anna', 'never', position({ timestamp: 'soon' })),
        ['set', 'user:anna:document:text', 'no hash'],
        ['set', `user:anna:document:${BOOK}:percentage`, '0.3'],
        ['set', 'something:else', '1'],
      ]);
      const dry = await importFrom(url());
      const done = await importFrom(url(), '--apply');
      expect(done).toEqual({ ...dry, applied: true });
      expect(done.users).toEqual({ made: 2, there: 0 });
      expect(done.positions).toMatchObject({ added: 5 });
      expect(
        Object.fromEntries(Object.entries(done.left_out).map(([key, { count }]) => [key, count])),
      ).toEqual({
        'name-refused': 3,
        'key-refused': 2,
        'user-left-out': 1,
        'user-without-account': 1,
        'document-refused': 1,
        'percentage-refused': 3,
        'position-refused': 2,
        'device-refused': 1,
        'other-type': 2,
        'other-layout': 1,
      });
      expect(done.mended).toEqual({
        'time-missing': { count: 1, named: ['anna: never'] },
        'time-in-milliseconds': { count: 1, named: ['anna: ms'] },
      });
      const text = await dogear('import', 'koreader-sync-server', url());
      expect(text.stdout).toContain('3 users whose names Dogear refuses');
      expect(text.stdout).toContain('anna: nan');
    });

    it.runIf(kind.name === 'sqlite')('takes nobody for another person of the same name', async () => {
      await runProgram(['user', 'add', 'anna', '--password', '--database', database.url], {
        cwd,
        stdin: 'mine',
      });
      const kept = await importFrom(url(), '--apply');
      expect(kept).toMatchObject({
        users: { made: 1, there: 0 },
        positions: { added: 1 },
        left_out: {
          'other-password': { count: 1, named: ['anna'] },
          'user-left-out': { count: 2, named: ['anna'] },
        },
      });
      expect(await importFrom(url(), '--apply', '--merge-users')).toMatchObject({
        users: { made: 0, there: 2 },
        positions: { added: 2, there: 1 },
      });
      const reader = await readerOf(database.url);
      expect(await reader('anna', passwordKeyOf('mine'))('GET', '/users/auth')).toMatchObject({
        status: 200,
      });
      expect(await reader('anna', passwordKeyOf('geheim'))('GET', '/users/auth')).toMatchObject({
        status: 401,
      });
    });

    it('goes on after it was killed', async () => {
      const many = Array.from({ length: DOCUMENTS }, (_, index) =>
        setProgress('anna', `document ${String(index)}`, position()),
      );
      await redis.commands(many);
      const killed = startProgram(
        ['import', 'koreader-sync-server', url(), '--apply', '--database', database.url],
        { cwd },
      );
      const store = await openStore(database.url);
      const written = () =>
        store.db
          .selectFrom('document_progress')
          .select('user_id')
          .limit(1)
          .execute()
          .catch(() => []);
      while ((await written()).length === 0) await delay(5);
      killed.send('SIGKILL');
      await killed.result;
      await store.close();
      const { positions } = await importFrom(url(), '--apply');
      expect(positions['there']).toBeGreaterThan(0);
      expect((positions['added'] ?? 0) + (positions['there'] ?? 0)).toBe(DOCUMENTS + 3);
    });

    it.runIf(kind.name === 'sqlite')('leaves no Redis and no copy behind when it is hurried', async () => {
      const folder = join(cwd, 'temporary');
      const [file, started] = [join(cwd, 'dump.rdb'), join(cwd, 'started')];
      await Promise.all([mkdir(folder), writeFile(file, 'REDIS0011')]);
      // One that never answers.
      const script = `#!/bin/sh\necho $$ > '${started}.part'; mv '${started}.part' '${started}'; exec sleep 60\n`;
      await writeFile(join(cwd, 'redis-server'), script, { mode: 0o755 });
      const program = startProgram(['import', 'koreader-sync-server', file, '--database', database.url], {
        cwd,
        env: { TMPDIR: folder, PATH: `${cwd}:${process.env['PATH'] ?? ''}` },
      });
      const processId = await vi.waitFor(async () => Number(await readFile(started, 'utf8')), 30_000);
      program.send('SIGINT');
      program.send('SIGTERM');
      expect((await program.result).exitCode).toBeGreaterThan(128);
      expect(await readdir(folder)).toEqual([]);
      await vi.waitFor(() => expect(() => process.kill(processId, 0)).toThrow('ESRCH'), 10_000);
    });

    async function readerOf(databaseUrl: string) {
      const { port } = await serveProgram(databaseUrl);
      return (user: string, key: string) => async (method: string, path: string, body?: object) => {
        const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`, {
          method,
          headers: {
            accept: 'application/vnd.koreader.v1+json',
            // As KOReader sends it: the bytes of the name in UTF-8.
            'x-auth-user': Buffer.from(user).toString('latin1'),
            'x-auth-key': key,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        return { status: answer.status, body: await answer.json() };
      };
    }
  },
);

interface ImportResult {
  readonly users: Record<string, number>;
  readonly positions: Record<string, number>;
  readonly left_out: Record<string, { readonly count: number; readonly named: readonly string[] }>;
  readonly mended: Record<string, { readonly count: number; readonly named: readonly string[] }>;
}
