import { chmod, realpath } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createEngine } from '../../../../../engine/index.js';
import { addUser } from '../../../../../server/accounts/add-user.js';
import { addApiKey } from '../../../../../server/accounts/keys/add-api-key.js';
import { OPERATOR } from '../../../../../server/domain/actor.js';
import { getAbout } from '../../../../../server/overview/about.js';
import { testDatabases } from '../../../../support/databases.js';
import { freePort } from '../../../../support/free-port.js';
import { openTestStore } from '../../../../support/open-test-store.js';
import { pretendPages } from '../../../../support/stale-statistics.js';
import { temporaryFolder } from '../../../../support/temporary-folder.js';
import { serveProgram } from '../../../compose/served-program.js';
import { answerProblem } from './api-answers.js';

describe.each(testDatabases())('what a server says of itself, on $name,', (kind) => {
  it('follows from its configuration', async () => {
    const store = await openTestStore(kind);
    onTestFinished(() => store.close());
    const user = await addUser(store, OPERATOR, {
      name: 'ana',
      password: undefined,
      permissions: new Set(),
      isOwner: true,
    });
    const { text: key } = await addApiKey(store, OPERATOR, {
      userId: user.id,
      name: 'k',
      permissions: new Set(['library:manage'] as const),
      expiresSeconds: undefined,
    });
    const serve = async (settings: readonly string[], basePath = '') => {
      const port = await freePort();
      await serveProgram(store.url, { port, settings });
      return async (path: string): Promise<unknown> => {
        const response = await fetch(`http://127.0.0.1:${String(port)}${basePath}/api/v1${path}`, {
          headers: { authorization: `Bearer ${key}` },
        });
        const text = await response.text();
        const contentType = response.headers.get('content-type') ?? undefined;
        const seen = { method: 'GET', path, status: response.status, contentType, text };
        expect([response.status, answerProblem(seen)]).toEqual([200, undefined]);
        return JSON.parse(text);
      };
    };
    const shown = await serve([]);
    expect(await shown('/folders')).toMatchObject({ path: '/' });
    expect(await shown('/about')).toMatchObject({
      node: process.version,
      database: {
        kind: kind.name === 'sqlite' ? 'sqlite' : expect.stringMatching(/^(mysql|mariadb)$/),
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        // Without its password.
        url: store.url.replace(/:[^:@/]+@/, ':***@'),
      },
      automatic_scans: { schedule: null, next_at: null, watch: false },
      engine: { md5: expect.stringMatching(/./), reads: expect.stringMatching(/^(io-uring|system-calls)$/) },
    });
    expect(await shown('/server')).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      public_url: null,
      base_path: '',
      koreader_sync: true,
      registration: false,
    });
    const folder = await realpath((await temporaryFolder()).path);
    const settings = [
      'enable_koreader_sync=false',
      'server.base_url=/dogear',
      'server.public_url=https://books.example.org:8443/dogear',
      'sync.registration=true',
      `console.folder_roots=${folder}`,
    ];
    const shownElsewhere = await serve(settings, '/dogear');
    expect(await shownElsewhere('/folders')).toMatchObject({ path: folder, parent: null });
    expect(await shownElsewhere('/server')).toMatchObject({
      public_url: 'https://books.example.org:8443/dogear',
      base_path: '/dogear',
      koreader_sync: false,
      registration: true,
    });
  });

  it('includes what its operator should know', async () => {
    const store = await openTestStore(kind);
    onTestFinished(() => store.close());
    if (kind.name === 'sqlite') await chmod(store.url.slice('sqlite:'.length), 0o644);
    else await pretendPages(store, 'device_progress', 2 ** 20);
    const engine = createEngine({ jobs: 1, reads: 'system-calls' });
    onTestFinished(() => engine.close());
    const file = kind.name === 'sqlite' ? store.url.slice('sqlite:'.length) : undefined;
    const { findings } = await getAbout({ store, engine }, file);
    expect(findings.filter(({ level }) => level === 'warning')).toEqual([
      kind.name === 'sqlite'
        ? { level: 'warning', subject: 'mode', text: expect.stringContaining('chmod 600') as string }
        : {
            level: 'warning',
            subject: 'memory',
            text: expect.stringContaining('innodb_buffer_pool_size') as string,
          },
    ]);
  });
});
