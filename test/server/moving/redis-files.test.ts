import { appendFile, copyFile, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { importKoreaderSyncServer } from '../../../server/moving/import-koreader-sync-server.js';
import { MoveError } from '../../../server/moving/move-error.js';
import { SQLITE } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { type PrivateRedis, setProgress, setUser, startPrivateRedis } from '../../support/private-redis.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const FIELDS = { percentage: '0.5', progress: '12', device: 'Kobo', device_id: 'K', timestamp: '1700000000' };
const FIRST = 'a'.repeat(32);
const LATER = 'b'.repeat(32);

describe('an import from the data of Redis', { timeout: 60_000 }, () => {
  let redis: PrivateRedis;
  let store: TestStore;

  beforeAll(async () => {
    [redis, store] = await Promise.all([startPrivateRedis(), openTestStore(SQLITE)]);
    await redis.command(...setUser('anna', 'key'));
    await redis.command(...setProgress('anna', FIRST, FIELDS));
    await redis.command('save');
    await redis.command(...setProgress('anna', LATER, FIELDS));
  }, 120_000);

  afterAll(async () => {
    await redis.stop();
    await store.close();
  });

  const importFrom = (source: string) =>
    importKoreaderSyncServer(
      store,
      { source, redisDatabase: undefined },
      { isApplied: false, isSameName: false },
    );

  it('that does not run takes what is in its files', async () => {
    const { path: folder } = await temporaryFolder();
    const older = join(folder, 'appendonly.aof');
    const words = [['select', '1'], setUser('anna', 'key'), setProgress('anna', FIRST, FIELDS)];
    await writeFile(older, words.map(protocolText).join(''));
    const added = async (source: string) => (await importFrom(source)).positions.added;
    // The later push is in the append-only file alone.
    expect(await added(join(redis.folder, 'dump.rdb'))).toBe(1);
    expect(await added(join(redis.folder, 'appendonlydir'))).toBe(2);
    expect(await added(redis.folder)).toBe(2);
    // As Redis wrote it before version 7.
    expect(await added(older)).toBe(1);
  });

  it('runs nothing of an append-only file but what a sync server writes', async () => {
    const { path: folder } = await temporaryFolder();
    const file = join(folder, 'appendonly.aof');
    const words = [setUser('anna', 'key'), ['config', 'set', 'dir', folder], ['save']];
    await writeFile(file, words.map(protocolText).join(''));
    expect(await refusal(file)).toMatch(/^Redis cannot read .*config/);
    expect(await readdir(folder)).toEqual(['appendonly.aof']);
  });

  it('leaves the files as they are to which a folder links', async () => {
    const { path: folder } = await temporaryFolder();
    const [original, links] = [join(folder, 'original'), join(folder, 'links')];
    await cp(join(redis.folder, 'appendonlydir'), original, { recursive: true });
    await mkdir(links);
    for (const name of await readdir(original)) await symlink(join(original, name), join(links, name));
    const last = join(original, 'appendonly.aof.1.incr.aof');
    // The last command is cut, and Redis would cut it off.
    await appendFile(last, '*2\r\n$6\r\nsel');
    const before = await readFile(last);
    expect((await importFrom(links)).positions.added).toBe(2);
    expect((await readFile(last)).equals(before)).toBe(true);
  });

  it('says what to give instead of what is none', async () => {
    const { path: folder } = await temporaryFolder();
    const wrong = join(folder, 'some.rdb');
    await writeFile(wrong, 'no snapshot');
    const broken = join(folder, 'broken.rdb');
    await writeFile(broken, 'REDIS0011 and nothing else');
    const part = join(folder, 'appendonly.aof.1.incr.aof');
    await copyFile(wrong, part);
    await mkdir(join(folder, 'empty'));
    const url = `redis://127.0.0.1:${String(redis.port)}`;
    expect(await refusal(join(folder, 'gone.rdb'))).toContain('There is no file or folder');
    expect(await refusal(wrong)).toContain('is no file of Redis');
    expect(await refusal(broken)).toMatch(/^Redis cannot read .*broken\.rdb: \S/);
    expect(await refusal(part)).toContain(`Give its folder, ${folder}`);
    expect(await refusal(join(folder, 'empty'))).toContain('holds no dump.rdb');
    expect(await refusal('redis://127.0.0.1:1/1')).toContain('127.0.0.1:1 cannot be reached');
    expect(await refusal(`${url}/0`)).toMatch(
      /no users .* in database 0 .*3 keys in database 1: give the number/,
    );
    expect(await refusal(`${url}/99`)).toContain('has no database 99');
    expect(await refusal('localhost:6379')).toContain('the form redis://');
    expect(await refusal('http://127.0.0.1:7200')).toContain('not that of the sync server');
    expect(await refusal('valkey://reader:hidden@localhost/1')).toContain(
      'There is no file ***@localhost/1.',
    );
    expect(await refusal(`${url}/books`)).toContain('"books" is no number of a database');
  });

  it('never shows its password', async () => {
    const guarded = await startPrivateRedis('--user', 'reader', 'on', '>secret', '~*', '+@all');
    onTestFinished(() => guarded.stop());
    await guarded.command(...setUser('anna', 'key'));
    const at = `127.0.0.1:${String(guarded.port)}`;
    const message = await refusal(`redis://reader:hidden@${at}/1`);
    expect(message).toContain(`Redis at ${at} refuses`);
    expect(message).not.toContain('hidden');
    expect((await importFrom(`redis://reader:secret@${at}`)).users.made).toBe(1);
  });

  async function refusal(source: string): Promise<string> {
    const error: unknown = await importFrom(source).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MoveError);
    return error instanceof MoveError ? error.message : '';
  }
});

/** A command as it stands in an append-only file. */
function protocolText(words: readonly (string | Buffer)[]): string {
  const parts = words.map((word) => `$${String(Buffer.byteLength(word))}\r\n${word.toString()}\r\n`);
  return `*${String(words.length)}\r\n${parts.join('')}`;
}
