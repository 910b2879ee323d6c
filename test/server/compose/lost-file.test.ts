import { renameSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { addApiKey } from '../../../server/accounts/keys/add-api-key.js';
import { addUser } from '../../../server/accounts/add-user.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { SQLITE } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { serveProgram } from './served-program.js';

it('a server whose SQLite file is deleted acknowledges no push, says why, and goes on when the file is back', async () => {
  const store = await openTestStore(SQLITE);
  onTestFinished(() => store.close());
  const permissions = new Set(['feature:koreader_sync'] as const);
  const user = await addUser(store, OPERATOR, {
    name: 'anna',
    permissions,
    isOwner: false,
    password: undefined,
  });
  const key = await addApiKey(store, OPERATOR, {
    userId: user.id,
    name: 'Kobo',
    permissions,
    expiresSeconds: undefined,
  });
  const server = await serveProgram(store.url, { settings: ['sync.unknown_documents.api_key=store'] });
  const address = `http://127.0.0.1:${String(server.port)}`;
  const push = async (): Promise<number> => {
    const answer = await fetch(`${address}/koreader/${key.text}/syncs/progress`, {
      method: 'PUT',
      body: JSON.stringify({
        document: 'd',
        progress: '1',
        percentage: 0.5,
        device: 'Kobo',
        device_id: 'A',
      }),
    });
    return answer.status;
  };
  const ready = async (): Promise<unknown> => (await fetch(`${address}/readyz`)).json();
  expect([await push(), await ready()]).toEqual([200, { status: 'ready' }]);
  const file = store.url.slice('sqlite:'.length);
  renameSync(file, `${file}.away`);
  expect(await push()).toBe(503);
  await expect.poll(ready, { timeout: 10_000 }).toMatchObject({ reason: 'file-moved' });
  expect(server.stderr()).toContain(`"reason":"file-moved"`);
  expect(server.stderr()).toContain(`${file} is gone`);
  renameSync(`${file}.away`, file);
  expect(await push()).toBe(200);
  await expect.poll(ready, { timeout: 10_000 }).toEqual({ status: 'ready' });
});
