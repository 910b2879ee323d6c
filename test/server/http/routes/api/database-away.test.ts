import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabaseKind } from '../../../../support/databases.js';
import { type PrivateMysql, startPrivateMysql } from '../../../../support/private-mysql.js';
import { type ApiServer, type Caller, startApiServer } from './api-server.js';

describe('the management API while its database is away', () => {
  let mysql: PrivateMysql;
  let server: ApiServer;
  let owner: Caller;

  beforeAll(async () => {
    mysql = await startPrivateMysql();
    const kind: TestDatabaseKind = {
      name: 'mysql',
      create: async () => {
        const connection = await createConnection({ uri: mysql.url });
        await connection.query('CREATE DATABASE away');
        await connection.end();
        return { url: `${mysql.url.replace(/\/$/, '')}/away`, drop: () => Promise.resolve() };
      },
    };
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
  });

  afterAll(async () => {
    await server.close();
    await mysql.remove();
  });

  it('answers every request with 503, and works again when the database is back', async () => {
    await owner.expect(200, 'GET', '/libraries');
    await mysql.stop();
    // With a key that the server has cached, and with one that it would have to look up.
    const stranger = server.withKey('dogear_abcdef_abcdefghjkmnpqrstuvwxyz234');
    for (const caller of [owner, stranger]) {
      for (const [method, path, body] of [
        ['GET', '/libraries'],
        ['GET', '/scans'],
        ['GET', '/scans/1/events'],
        ['GET', '/progress/d'],
        ['PATCH', `/users/${String(owner.userId)}`, { permissions: [] }],
        ['POST', '/api-keys', { name: 'k' }],
      ] as const) {
        const { status, json, headers } = await caller.call(method, path, body);
        expect([method, path, status, json]).toEqual([
          method,
          path,
          503,
          expect.objectContaining({ code: 'unavailable', type: 'urn:dogear:problem:unavailable' }),
        ]);
        expect(headers.get('retry-after')).toBe('5');
      }
    }
    await mysql.start();
    await expect
      .poll(async () => (await owner.call('GET', '/libraries')).status, { timeout: 20_000 })
      .toBe(200);
    expect(server.logLines.join('\n')).not.toContain(owner.key);
  }, 180_000);
});
