import { createEngine, type Engine, EngineError } from '../../../../../engine/index.js';
import pino from 'pino';
import { Downloads } from '../../../../../server/http/downloads.js';
import { newStreamShares } from '../../../../../server/http/event-stream.js';
import { Accounts } from '../../../../../server/accounts/accounts.js';
import { ChangedBooks } from '../../../../../server/book/changed-books.js';
import { addApiKey } from '../../../../../server/accounts/keys/add-api-key.js';
import { addUser } from '../../../../../server/accounts/add-user.js';
import { FolderPicker } from '../../../../../server/library/folder-picker.js';
import { Overview } from '../../../../../server/overview/overview.js';
import { BackgroundScans } from '../../../../../server/scan/background-scans.js';
import { scanLibrary } from '../../../../../server/scan/scan-library.js';
import { SyncStore } from '../../../../../server/sync/sync-store.js';
import type { UnmatchedBounds } from '../../../../../server/sync/unmatched-writer.js';
import { OPERATOR } from '../../../../../server/domain/actor.js';
import { ALL_PERMISSIONS, type Permission } from '../../../../../server/domain/permission.js';
import { PROBLEM_TYPE } from '../../../../../server/http/problem.js';
import { ConsoleAccess } from '../../../../../server/http/console-access.js';
import { startSyncServer } from '../../../../../server/http/sync-server.js';
import { lateGroups } from '../../../../../server/http/routes/late-routes.js';
import type { Store } from '../../../../../server/database/store.js';
import { SharedCount } from '../../../../../server/domain/shared-count.js';
import { isDatabaseAway } from '../../../../../server/database/database-fault.js';
import { BookFileThreads } from '../../../../../server/compose/book-file-threads.js';
import { TranslationThread } from '../../../../../server/compose/translation-thread.js';
import type { TestDatabaseKind } from '../../../../support/databases.js';
import { openHookedStore, type StatementHooks } from '../../../../support/hooked-store.js';
import { openTestStore } from '../../../../support/open-test-store.js';
import { answerProblem, operationOf } from './api-answers.js';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `undefined` without a body, and for a body that is not JSON. */
  readonly json: unknown;
}

export interface Caller {
  readonly userId: number;
  readonly name: string;
  readonly key: string;
  /** Sends a request below /api/v1. Throws when the answer does not match the description of the API. */
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  /** The same, and returns the JSON of the answer. Throws when the status is another one. */
  expect(status: number, method: string, path: string, body?: unknown): Promise<Json>;
}

// Tests check the values that they read, and `call` checks the whole answer against the description.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface ApiServer {
  readonly url: string;
  readonly store: Store;
  readonly scans: BackgroundScans;
  readonly sync: SyncStore;
  readonly logLines: readonly string[];
  /** Makes a user with an API key. Without `keyPermissions`, the key has all permissions of the user. */
  caller(options?: {
    readonly permissions?: readonly Permission[];
    readonly isOwner?: boolean;
    readonly keyPermissions?: readonly Permission[];
    readonly password?: string;
  }): Promise<Caller>;
  withKey(key: string | undefined, userId?: number, name?: string): Caller;
  /** Stops the server as SIGTERM does. */
  close(): Promise<void>;
}

export async function startApiServer(
  kind: TestDatabaseKind,
  options: {
    readonly basePath?: string;
    readonly publicUrl?: string;
    /** Off: there are no sessions. */
    readonly hasConsole?: boolean;
    /** Off: the proxy on this machine is not trusted. */
    readonly trustsProxies?: boolean;
    /** Scans find the files that exist, and then run until they are stopped. */
    readonly walksEndless?: boolean;
    /** `console.folder_roots` */
    readonly folderRoots?: readonly string[];
    /** Whether a history of progress is kept: its statements come seconds after the pushes. */
    readonly keepsHistory?: boolean;
    /** Whether refused pushes are kept: their statements come a second later, or with `sync.unmatched.flush()`. */
    readonly unmatched?: UnmatchedBounds;
    /** Around every statement of the server. */
    readonly hooks?: StatementHooks;
  } = {},
): Promise<ApiServer> {
  const database = await openTestStore(kind);
  const store = options.hooks === undefined ? database : openHookedStore(database.url, options.hooks);
  const engine = createEngine({ jobs: 2 });
  const logLines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => logLines.push(line) });
  const accounts = new Accounts(store, (error) => log.error(error));
  const sync = new SyncStore(store, {
    ...(options.keepsHistory === true ? { history: {} } : {}),
    unmatched: options.unmatched,
  });
  const scans = new BackgroundScans({
    scan: (library, scanOptions) =>
      scanLibrary(
        { store, engine: options.walksEndless === true ? endless(engine) : engine },
        library,
        scanOptions,
      ),
    onError: (error) => log.error(error),
  });
  // The thread starts slowly on a machine that is busy with other tests.
  const translations = new TranslationThread({ timeoutMs: 30_000 });
  const bookFiles = new BookFileThreads();
  const stopping = new AbortController();
  const basePath = options.basePath ?? '';
  const management = {
    store,
    engine,
    facts: {
      version: '1.2.3',
      publicUrl: options.publicUrl,
      basePath,
      koreaderSync: true,
      takesRegistrations: false,
      keepsHistory: true,
      automaticScans: { schedule: '0 3 * * *', watches: false },
      database: { url: 'sqlite:somewhere.db', file: undefined },
    },
    folders: new FolderPicker(options.folderRoots ?? [], new SharedCount()),
    overview: new Overview({ store, engine, rootLooks: new SharedCount() }),
    scans,
    accounts,
    sync,
    stopping: stopping.signal,
    streams: new SharedCount(),
    streamShares: newStreamShares(1),
    readPiece: bookFiles.readPiece,
    readCover: bookFiles.readCover,
    downloads: new Downloads(new SharedCount(), 1),
    translate: translations.translate,
    changedBooks: new ChangedBooks({ store, engine, onError: (error) => log.error(error) }),
    comparesMarks: true,
    console:
      options.hasConsole === false
        ? undefined
        : new ConsoleAccess({
            basePath,
            publicUrl: options.publicUrl,
            hosts: ['known.example.org'],
            isTls: false,
          }),
  };
  const server = await startSyncServer({
    host: '127.0.0.1',
    port: 0,
    basePath,
    bodyLimitBytes: 65_536,
    trustedProxies: options.trustsProxies === false ? [] : ['127.0.0.1'],
    koreaderSync: true,
    takesRegistrations: false,
    unknownDocuments: { account: 'store', 'api-key': 'reject' },
    isDatabaseAway,
    accounts,
    sync,
    log,
    lateGroups: lateGroups({ management, isDatabaseAway, log }),
  });
  const url = `http://127.0.0.1:${String(server.port)}${basePath}`;
  let callers = 0;
  const withKey: ApiServer['withKey'] = (key, userId = 0, name = '') => ({
    userId,
    name,
    key: key ?? '',
    call: (method, path, body) => call(url, key, method, path, body),
    expect: async (status, method, path, body) => {
      const answer = await call(url, key, method, path, body);
      if (answer.status === status) return answer.json;
      throw new Error(`${method} ${path}: ${String(answer.status)} ${answer.text}`);
    },
  });
  return {
    url,
    store,
    scans,
    sync,
    logLines,
    withKey,
    caller: async ({ permissions = [], isOwner = false, keyPermissions, password } = {}) => {
      const name = `user${String(++callers)}`;
      const user = await addUser(store, OPERATOR, {
        name,
        password,
        permissions: new Set(permissions),
        isOwner,
      });
      const mayDo = keyPermissions ?? (isOwner ? ALL_PERMISSIONS : permissions);
      const { text } = await addApiKey(store, OPERATOR, {
        userId: user.id,
        name: 'test',
        permissions: new Set(mayDo),
        expiresSeconds: undefined,
      });
      return withKey(text, user.id, name);
    },
    close: async () => {
      stopping.abort();
      await Promise.all([scans.close(), server.close(5000)]);
      await sync.pushes.idle();
      await sync.history?.close();
      await sync.unmatched?.close();
      await accounts.close();
      await translations.close();
      await bookFiles.close();
      await engine.close();
      if (store !== database) await store.close();
      await database.close();
    },
  };
}

/** An engine whose walk never ends. */
function endless(engine: Engine): Engine {
  return {
    ...engine,
    walk: async function* (root, walkOptions) {
      yield* engine.walk(root, walkOptions);
      await new Promise((_resolve, reject) => {
        const stopped = (): void => reject(new EngineError('aborted', 'stopped'));
        walkOptions.signal?.addEventListener('abort', stopped, { once: true });
        if (walkOptions.signal?.aborted === true) stopped();
      });
    },
  };
}

async function call(
  url: string,
  key: string | undefined,
  method: string,
  path: string,
  body?: unknown,
): Promise<ApiAnswer> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    // As pages of the console send them. Requests with a key need neither.
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      origin: new URL(url).origin,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const contentType = response.headers.get('content-type') ?? undefined;
  const text = contentType === 'text/event-stream' ? await firstPiece(response) : await response.text();
  const answer = { status: response.status, headers: response.headers, text, json: parse(text) };
  const seen = { method, path, status: response.status, contentType, text };
  const wrong = answerProblem(seen) ?? undescribedCode(seen, answer.json);
  if (wrong !== undefined) throw new Error(wrong);
  return answer;
}

/** A stream of events may have no end. */
async function firstPiece({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const piece: unknown = (await reader?.read())?.value;
  await reader?.cancel();
  return piece instanceof Uint8Array ? Buffer.from(piece).toString() : '';
}

/** The description lists the problems of each operation. The schema of problems alone would accept any code. */
function undescribedCode(
  { method, path, status, contentType }: Parameters<typeof answerProblem>[0],
  json: unknown,
): string | undefined {
  const operation = operationOf(method, path);
  if (operation === undefined || contentType !== PROBLEM_TYPE) return undefined;
  const code = typeof json === 'object' && json !== null && 'code' in json ? String(json.code) : '';
  const listed = operation.responses[String(status)]?.description ?? '';
  if (new RegExp(`(^|\\. )${code}: `).test(listed)) return undefined;
  return `${method} ${path}: the description of ${operation.operationId} has no ${code} for ${String(status)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Event streams and empty answers are not JSON; a test that needs JSON sees `undefined`.
    return undefined;
  }
}
