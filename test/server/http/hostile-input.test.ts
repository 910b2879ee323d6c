import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { addKey, addUser } from './routes/kosync/sync-server.js';
import { type HostileRequest, hostileRequest, seededRandom } from './hostile-request.js';

const REQUESTS = 12_000;
const AT_ONCE = 32;
/** Long enough for every answer. An incomplete request gets none until uWebSockets.js closes its connection. */
const READ_MS = 300;

const STATUSES = new Set([
  '200',
  '201',
  // `/` leads browsers to the console.
  '303',
  '400',
  '401',
  '402',
  '403',
  '404',
  '405',
  '413',
  '429',
  '431',
  '501',
  '505',
]);

/** @returns the status lines of the answers */
function send(port: number, { bytes, isCutOff }: HostileRequest): Promise<readonly string[]> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      if (isCutOff) socket.end();
    });
    const timer = setTimeout(() => socket.destroy(), READ_MS);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    // The server may close the connection.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1] ?? ''));
    });
  });
}

function residentMiB(processId: number): number {
  const [, kib] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(processId)}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

describe.each(testDatabases())('hostile input on $name', (kind) => {
  it('does no harm: no crash, no 5xx, no growth of memory', async () => {
    const store = await openTestStore(kind);
    const { user, headers } = await addUser({ store });
    const { text: apiKey } = await addKey({ store }, user.id);
    const credentials = { apiKey, user: user.name, key: headers['x-auth-key'] ?? '' };
    const { path: cwd } = await temporaryFolder();
    const program = startProgram(
      [
        'serve',
        '--host',
        '127.0.0.1',
        '--port',
        '0',
        '--database',
        store.url,
        '--set',
        'log.format=json',
      ].concat(
        [
          'enable_koreader_sync=true',
          'sync.registration=true',
          'sync.unknown_documents.api_key=store',
        ].flatMap((setting) => ['--set', setting]),
      ),
      { cwd },
    );
    const [, address = ''] = await program.output('stderr', /"address":"([^"]+)"/);
    const port = Number(new URL(address).port);

    const random = seededRandom(20_260_801);
    const statuses = new Map<string, number>();
    const unexpected: string[] = [];
    let sent = 0;
    async function sendSome(until: number): Promise<void> {
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          while (sent < until) {
            sent++;
            const request = hostileRequest(random, credentials);
            for (const status of await send(port, request)) {
              statuses.set(status, (statuses.get(status) ?? 0) + 1);
              if (!STATUSES.has(status))
                unexpected.push(`${status}: ${request.bytes.toString('latin1', 0, 500)}`);
            }
          }
        }),
      );
    }
    await sendSome(REQUESTS / 2);
    const halfwayMiB = residentMiB(program.processId);
    await sendSome(REQUESTS);
    const endMiB = residentMiB(program.processId);

    expect(unexpected).toEqual([]);
    // The requests reached the handlers, not only the parser of uWebSockets.js.
    for (const status of ['200', '400', '401', '403', '404', '405', '413']) {
      expect(statuses.get(status), status).toBeGreaterThan(50);
    }
    // The garbage collector leaves some memory unused; a leak of 10 kB a request would be 60 MiB.
    expect(endMiB - halfwayMiB).toBeLessThan(40);
    const auth = await fetch(`${address}/koreader/${apiKey}/users/auth`);
    expect([auth.status, await auth.json()]).toEqual([200, { authorized: 'OK' }]);
    const owners = await store.db.selectFrom('user').selectAll().where('is_owner', '=', 1).execute();
    expect(owners).toEqual([]);
    program.send('SIGTERM');
    const { exitCode, stderr } = await program.result;
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain(apiKey.slice(4));
    await store.close();
  });
});
