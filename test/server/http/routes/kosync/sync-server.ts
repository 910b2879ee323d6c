import { randomBytes, scryptSync } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import pino from 'pino';
import { Accounts } from '../../../../../server/accounts/accounts.js';
import { SyncStore } from '../../../../../server/sync/sync-store.js';
import { newApiKey } from '../../../../../server/accounts/keys/api-key-secret.js';
import { type PasswordKey, passwordKeyOf } from '../../../../../server/accounts/passwords/password-key.js';
import { hashPasswordKey } from '../../../../../server/accounts/passwords/scrypt-hash.js';
import type { UserId } from '../../../../../server/domain/ids.js';
import type { Permission } from '../../../../../server/domain/permission.js';
import type { User } from '../../../../../server/accounts/user.js';
import { startSyncServer, type SyncServerOptions } from '../../../../../server/http/sync-server.js';
import { insertApiKey } from '../../../../../server/accounts/keys/api-key-repository.js';
import { migrate } from '../../../../../server/database/migrate.js';
import { type OpenStore, openStore, type Store } from '../../../../../server/database/store.js';
import { isDatabaseAway } from '../../../../../server/database/database-fault.js';
import { insertUser } from '../../../../../server/accounts/user-repository.js';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** `undefined` for a body that is not JSON. */
  readonly json: unknown;
}

export interface RequestOptions {
  readonly body?: string | Buffer | object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestServer {
  readonly port: number;
  readonly store: OpenStore;
  readonly accounts: Accounts;
  readonly sync: SyncStore;
  /** Lines of the log, as JSON. */
  readonly logLines: readonly string[];
  send(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  close(): Promise<void>;
}

export type TestServerOptions = Partial<Omit<SyncServerOptions, 'accounts' | 'sync' | 'log'>>;

/** Starts a server on a free port, and migrates its database first. */
export async function startTestServer(url: string, options: TestServerOptions = {}): Promise<TestServer> {
  const store = await openStore(url, { connections: 8, statementTimeoutMs: 3000 });
  await migrate(store);
  const logLines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line) => logLines.push(line) });
  const accounts = new Accounts(store, (error) => log.error(error));
  const sync = new SyncStore(store);
  const server = await startSyncServer({
    host: '127.0.0.1',
    port: 0,
    basePath: '',
    bodyLimitBytes: 65_536,
    trustedProxies: [],
    koreaderSync: true,
    takesRegistrations: true,
    unknownDocuments: { account: 'store', 'api-key': 'reject' },
    isDatabaseAway,
    ...options,
    accounts,
    sync,
    log,
  });
  const agent = new Agent({ keepAlive: true });
  return {
    port: server.port,
    store,
    accounts,
    sync,
    logLines,
    send: (method, path, request) => send(agent, server.port, method, path, request),
    close: async () => {
      agent.destroy();
      await server.close(5000);
      await sync.pushes.idle();
      await accounts.close();
      await store.close();
    },
  };
}

/** Sends the path unchanged; `fetch` would normalize it. */
function send(
  agent: Agent,
  port: number,
  method: string,
  path: string,
  { body, headers = {} }: RequestOptions = {},
): Promise<Reply> {
  const bytes =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        agent,
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: {
          accept: 'application/vnd.koreader.v1+json',
          ...(bytes === undefined ? {} : { 'content-length': Buffer.byteLength(bytes) }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
        });
      },
    );
    request.on('error', reject);
    request.end(bytes);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Some answers are not JSON; a test that needs JSON sees `undefined`.
    return undefined;
  }
}

export interface TestUser {
  readonly user: User;
  readonly password: string;
  /** The headers that KOReader sends. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TestUserOptions {
  readonly name?: string;
  readonly password?: string;
  readonly permissions?: readonly Permission[];
  readonly isOwner?: boolean;
  /** Checking the password takes as long as in reality, some 40 ms of a core. By default it takes no time. */
  readonly isSlowToCheck?: boolean;
}

export async function addUser(
  { store }: { readonly store: Store },
  {
    name = `u${randomBytes(6).toString('hex')}`,
    password = randomBytes(6).toString('hex'),
    permissions = ['feature:koreader_sync'],
    isOwner = false,
    isSlowToCheck = false,
  }: TestUserOptions = {},
): Promise<TestUser> {
  const key = passwordKeyOf(password);
  const passwordHash = isSlowToCheck ? await hashPasswordKey(key) : quickHash(key);
  const user = await insertUser(store, { name, passwordHash, isOwner, permissions: new Set(permissions) });
  if (user === undefined) throw new Error(`the name ${name} is taken`);
  return { user, password, headers: { 'x-auth-user': name, 'x-auth-key': key } };
}

/** As scrypt-hash.ts stores it, at a cost that takes no time. */
function quickHash(key: PasswordKey): string {
  const salt = randomBytes(16);
  const hash = scryptSync(key, salt, 32, { N: 2, r: 8, p: 1 });
  const [saltText, hashText] = [salt, hash].map((bytes) => bytes.toString('base64').replace(/=+$/, ''));
  return `$scrypt$ln=1,r=8,p=1$${saltText ?? ''}$${hashText ?? ''}`;
}

export interface TestKeyOptions {
  readonly permissions?: readonly Permission[];
  readonly expiresSeconds?: number;
}

/** @returns the text of the key, and its id */
export async function addKey(
  { store }: Pick<TestServer, 'store'>,
  userId: UserId,
  { permissions = ['feature:koreader_sync'], expiresSeconds }: TestKeyOptions = {},
) {
  const { text, prefix, secretHash } = newApiKey();
  const id = await insertApiKey(store, {
    userId,
    name: 'test',
    prefix,
    secretHash,
    permissions: new Set(permissions),
    expiresSeconds,
  });
  if (id === undefined) throw new Error('the key is taken');
  return { text, id };
}
