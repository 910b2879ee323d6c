import { expect, it, describe } from 'vitest';
import { addApiKey } from '../../../server/accounts/keys/add-api-key.js';
import { addUser } from '../../../server/accounts/add-user.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import type { Permission } from '../../../server/domain/permission.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { runProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { serveProgram } from './served-program.js';

const SYNC = new Set<Permission>(['feature:koreader_sync']);

describe.each(testDatabases())('the built server on $name', (kind) => {
  async function reader(store: TestStore): Promise<string> {
    const user = await addUser(store, OPERATOR, {
      name: 'anna',
      password: undefined,
      permissions: SYNC,
      isOwner: false,
    });
    const key = { userId: user.id, name: 'k', permissions: SYNC, expiresSeconds: undefined };
    return (await addApiKey(store, OPERATOR, key)).text;
  }

  /** Serves, pushes as KOReader does, and stops. @returns the metrics before the stop */
  async function pushes(store: TestStore, key: string, ...settings: readonly string[]): Promise<string> {
    const server = await serveProgram(store.url, {
      settings: ['sync.unknown_documents.api_key=store', ...settings],
    });
    const address = `http://127.0.0.1:${String(server.port)}`;
    const push = async (i: number): Promise<number> => {
      const answer = await fetch(`${address}/koreader/${key}/syncs/progress`, {
        method: 'PUT',
        headers: { accept: 'application/vnd.koreader.v1+json', connection: 'close' },
        body: JSON.stringify({
          document: 'd',
          progress: `p${String(i)}`,
          percentage: i / 20,
          device: 'Kobo',
          device_id: 'one',
          metadata: { title: 'T' },
        }),
      });
      return answer.status;
    };
    for (let i = 0; i < 20; i++) {
      let status = await push(i);
      // A machine that is busy with other tests may be too late. Such a push is not written, and readers send it again.
      while (status === 503) status = await push(i);
      expect(status).toBe(200);
    }
    const metrics = await (await fetch(`${address}/metrics`)).text();
    server.send('SIGTERM');
    expect((await server.result).exitCode).toBe(0);
    return metrics;
  }

  it.each([1, 2])(
    'writes the history of what it has acknowledged before it stops, with %i threads',
    async (threads) => {
      const store = await openTestStore(kind);
      const metrics = await pushes(store, await reader(store), `server.listeners=${String(threads)}`);
      expect(metrics).toMatch(/^dogear_history_waiting \d+$/m);
      expect(metrics).toMatch(/^dogear_history_entries_total\{what="lost"\} 0$/m);
      const rows = await store.db
        .selectFrom('progress_history')
        .select(['position', 'device_key'])
        .orderBy('arrival')
        .execute();
      expect(rows.map(({ position }) => position.toString())).toEqual(
        Array.from({ length: 20 }, (_none, index) => `p${String(index)}`),
      );
      const { path: cwd } = await temporaryFolder();
      const command = ['progress', 'history', 'anna', 'd', '--database', store.url];
      const text = await runProgram(command, { cwd });
      expect(text.stderr).toBe('');
      expect(text.stdout.split('\n')[0]).toMatch(/^\d{4}-.* UTC: 95\.0 % on Kobo, at p19$/);
      const json = await runProgram([...command, '--json'], { cwd });
      const entries = json.stdout.trim().split('\n');
      expect(entries).toHaveLength(20);
      expect(JSON.parse(entries.at(-1) ?? '')).toMatchObject({
        percentage: 0,
        progress: 'p0',
        document: 'd',
        device: { name: 'Kobo', device_id: 'one', friendly_name: null },
      });
      const none = await runProgram(['progress', 'history', 'anna', 'other', '--database', store.url], {
        cwd,
      });
      expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('no such position')]);
      await store.close();
    },
  );

  it('keeps no history and no metadata where both are switched off', async () => {
    const store = await openTestStore(kind);
    await pushes(store, await reader(store), 'sync.history=false', 'sync.keep_metadata=false');
    for (const table of ['progress_history', 'document_metadata'] as const) {
      expect(await store.db.selectFrom(table).select('document').execute()).toEqual([]);
    }
    const { path: cwd } = await temporaryFolder();
    const empty = await runProgram(['progress', 'history', 'anna', 'd', '--database', store.url], { cwd });
    expect([empty.exitCode, empty.stderr]).toEqual([0, 'There is no history of this document yet.\n']);
    await store.close();
  });
});
