import pino from 'pino';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { Accounts } from '../../../../server/accounts/accounts.js';
import { SyncError } from '../../../../server/domain/sync-error.js';
import { Router } from '../../../../server/http/router.js';
import { noKosyncGroup } from '../../../../server/http/routes/kosync/kosync-routes.js';
import { operationGroups } from '../../../../server/http/routes/operation-routes.js';
import { SQLITE } from '../../../support/databases.js';
import { openTestStore } from '../../../support/open-test-store.js';
import { closeServers, serve } from '../served-handler.js';

afterEach(closeServers);

class Away extends Error {}

it.each([
  [new SyncError('overloaded', 'Too many requests wait.'), 503, 'Too many requests wait.', 0],
  [new Away('lost'), 503, 'The database is not available.', 0],
  [new TypeError('a defect'), 500, 'The log of the server says more.', 1],
])(
  'a monitoring request that fails with %s is answered and logged as such',
  async (failure, status, message, lines) => {
    const store = await openTestStore(SQLITE);
    onTestFinished(() => store.close());
    const logged: string[] = [];
    const failing = {
      isDatabaseAway: (thrown: unknown) => thrown instanceof Away,
      log: pino({ level: 'error' }, { write: (line) => logged.push(line) }),
    };
    const groups = operationGroups({
      readiness: () => Promise.reject(failure),
      metrics: () => Promise.reject(failure),
      scans: () => Promise.resolve([]),
      metricsAccess: 'open',
      accounts: new Accounts(store, () => undefined),
      ...failing,
    });
    const { port } = await serve(() => ({ status: 204, contentType: '', body: '' }), {
      router: new Router('', [noKosyncGroup(failing), ...groups]),
    });
    const answer = await fetch(`http://127.0.0.1:${String(port)}/metrics`);
    expect([answer.status, await answer.json()]).toEqual([status, { message }]);
    expect(answer.headers.has('retry-after')).toBe(status === 503);
    expect(logged).toHaveLength(lines);
    for (const line of logged) expect(line).toContain('a defect');
  },
);
