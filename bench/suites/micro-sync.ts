import { pino } from 'pino';
import { Accounts } from '../../server/accounts/accounts.js';
import { SyncStore } from '../../server/sync/sync-store.js';
import { newApiKey } from '../../server/accounts/keys/api-key-secret.js';
import type { Permission } from '../../server/domain/permission.js';
import { parseProgress } from '../../server/http/routes/kosync/kosync-body.js';
import { Router } from '../../server/http/router.js';
import { kosyncGroups } from '../../server/http/routes/kosync/kosync-routes.js';
import { insertApiKey } from '../../server/accounts/keys/api-key-repository.js';
import { migrate } from '../../server/database/migrate.js';
import { openStore, type Store } from '../../server/database/store.js';
import { isDatabaseAway } from '../../server/database/database-fault.js';
import { insertUser } from '../../server/accounts/user-repository.js';
import type { BenchDatabase } from '../bench-databases.js';
import { type MicroBench, newBench } from './micro-bench.js';

const SYNC: ReadonlySet<Permission> = new Set<Permission>(['feature:koreader_sync']);
const ORIGIN = { clientAddress: '127.0.0.1' };
/** Calls in one iteration. One call alone is too short for the clock. */
const CALLS = 200;

const BODY = JSON.stringify({
  document: '0123456789abcdef0123456789abcdef',
  progress: '/body/DocFragment[20]/body/div/p[100]/text().0',
  percentage: 0.3217,
  device: 'Kobo_nova',
  device_id: '6F1C2A7B9D3E4F50A1B2C3D4E5F60718',
});

export interface SyncParts {
  bench(timeMs: number): MicroBench;
  close(): Promise<void>;
}

/** The work on every push before it waits for the database: finding the route, checking the API key, parsing the body. */
export async function openSyncParts(database: BenchDatabase): Promise<SyncParts> {
  const store = await openStore(database.url);
  await migrate(store);
  const accounts = new Accounts(store, () => undefined);
  const { text, secretHash } = await addKey(store);
  const sync = new SyncStore(store);
  const log = pino({ level: 'silent' });
  const unknownDocuments = { account: 'store', 'api-key': 'reject' } as const;
  const router = new Router(
    '',
    kosyncGroups({
      accounts,
      sync,
      takesRegistrations: false,
      unknownDocuments,
      isDatabaseAway,
      log,
    }),
  );
  const path = `/koreader/${text}/syncs/progress`;
  const match = (): void => {
    if (router.match('PUT', path).route === undefined) throw new Error('the route of pushes is not found');
  };
  const authenticate = (): void => {
    // A promise would mean that the key is not cached and the database is queried.
    if (accounts.authenticator.byApiKey(text, ORIGIN) instanceof Promise)
      throw new Error('the key is forgotten');
  };
  const parse = (): void => {
    if (parseProgress(BODY).device.name !== 'Kobo_nova') throw new Error('the body was misread');
  };
  const remember = async (): Promise<void> => {
    await accounts.keys.readFresh(secretHash);
  };
  const times = (call: () => void) => () => {
    for (let count = 0; count < CALLS; count += 1) call();
  };
  return {
    bench: (timeMs) => ({
      operations: CALLS,
      bench: newBench('before the database', timeMs)
        .add('finding the route', times(match))
        .add('checking a remembered API key', times(authenticate), { beforeAll: remember })
        .add('parsing a body', times(parse))
        .add(
          'JSON.parse of it alone',
          times(() => void JSON.parse(BODY)),
        )
        .add(
          'all three',
          times(() => {
            match();
            authenticate();
            parse();
          }),
          { beforeAll: remember },
        ),
    }),
    close: async () => {
      await accounts.close();
      await store.close();
      await database.drop();
    },
  };
}

async function addKey(store: Store) {
  const user = await insertUser(store, {
    name: 'reader',
    passwordHash: undefined,
    isOwner: false,
    permissions: SYNC,
  });
  const { text, prefix, secretHash } = newApiKey();
  if (user === undefined) throw new Error('the user cannot be added');
  const row = { userId: user.id, name: 'bench', prefix, secretHash, permissions: SYNC };
  await insertApiKey(store, { ...row, expiresSeconds: undefined });
  return { text, secretHash };
}
