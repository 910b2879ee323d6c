import type { Logger } from 'pino';
import type { Configuration } from '../../config/schema.js';
import { Accounts } from '../accounts/accounts.js';
import { BackgroundScans } from '../scan/background-scans.js';
import { type Readiness, readiness } from '../database/readiness.js';
import { scanGauges } from '../scan/scan-gauges.js';
import { SyncStore } from '../sync/sync-store.js';
import { Metrics } from '../http/metrics.js';
import type { HttpRequest } from '../http/request.js';
import { apiGroup } from '../http/routes/api.js';
import { operationGroups } from '../http/routes/operation.js';
import { startSyncServer } from '../http/sync-server.js';
import type { HttpServer } from '../http/uws.js';
import { openStore, type OpenStore } from '../database/store.js';
import { composeEngine, composeStore } from './program.js';
import { loggedError } from '../http/logged-error.js';
import { scanInThread } from './scan-thread.js';
import { TranslationThread } from './translation-thread.js';
import { SharedMetrics } from './shared-metrics.js';

/** One thread's share of the server: its own connections, its own queues, the same port as the others. */
export interface Listener {
  readonly port: number;
  /** Accepts nothing more, answers what waits, commits, closes; what takes longer than the deadline is cut. */
  close(deadlineMs: number): Promise<void>;
}

export interface ListenerOptions {
  /** Instead of the configured one: that of the first thread, where any free one was asked for. */
  readonly port?: number;
  readonly version: string;
  /** Threads that answer requests on this port, this one included. */
  readonly threads: number;
}

/** A reader waits two seconds in all: a statement that takes longer than this answers nobody. */
const STATEMENT_TIMEOUT_MS = 1500;
/** Readiness is asked for one at a time, and never waits for readers: a server with much to do is not without database. */
const READINESS_CONNECTIONS = 1;
const STOPPING: Readiness = { state: 'not-ready', reason: 'stopping' };

export async function composeListener(
  configuration: Configuration,
  log: Logger,
  { port, threads, version }: ListenerOptions,
): Promise<Listener> {
  const { server, sync: syncing, database } = configuration;
  const basePath = server.base_url === '/' ? '' : server.base_url;
  // Migrations and what is asked over the management API may take as long as they take.
  const patient = await composeStore(configuration);
  const engine = composeEngine(configuration);
  // In the order in which they were opened; all of them are to be closed.
  const stores: OpenStore[] = [patient];
  const open = async (connections: number): Promise<OpenStore> => {
    const store = await openStore(database.url, {
      connections,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    });
    stores.push(store);
    return store;
  };
  try {
    const store = await open(database.connections);
    // SQLite has no pool that readers could use up.
    const readinessStore = store.dialect === 'mysql' ? await open(READINESS_CONNECTIONS) : store;
    const accounts = new Accounts(store, (error) => {
      log.warn({ error: messageOf(error) }, 'the last use of API keys was not written');
    });
    let http: HttpServer | undefined;
    const metrics: Metrics = new Metrics({
      activeRequests: () => http?.active ?? 0,
      waitingPushes: () => sync.pushes.waiting,
      waitingPulls: () => sync.pulls.waiting,
      rememberedKeys: () => accounts.keys.size,
      rememberedUsers: () => accounts.users.size,
      rememberedPasswords: () => accounts.passwords.verifiedCount,
    });
    const sync = new SyncStore(store, {
      waitingPushes: syncing.waiting_pushes,
      onCommit: (rows, durationMs) => metrics.committed(rows, durationMs),
      onRead: (keys, durationMs) => metrics.read(keys, durationMs),
    });
    const shared = new SharedMetrics(metrics.registry, threads);
    const stopping = new AbortController();
    const scans = new BackgroundScans({
      scan: scanInThread(configuration),
      onError: (error) => log.error({ error: loggedError(error) }, 'a scan failed'),
    });
    const translations = new TranslationThread();
    http = await startSyncServer({
      host: server.host,
      port: port ?? server.port,
      basePath,
      bodyLimitBytes: server.body_limit_bytes,
      trustedProxies: server.trusted_proxies,
      ...(server.tls.certificate === undefined || server.tls.key === undefined
        ? {}
        : { tls: { certificateFile: server.tls.certificate, keyFile: server.tls.key } }),
      sharesPort: threads > 1,
      koreaderSync: configuration.enable_koreader_sync,
      takesRegistrations: syncing.registration,
      unknownDocuments: {
        'api-key': syncing.unknown_documents.api_key,
        account: syncing.unknown_documents.account,
      },
      accounts,
      sync,
      log,
      groups: [
        ...operationGroups({
          readiness: () => (stopping.signal.aborted ? Promise.resolve(STOPPING) : readiness(readinessStore)),
          metrics: () => shared.text(),
          scans: () => scanGauges(store),
          metricsAccess: configuration.metrics.access,
          isPermitted: (request) => mayManage(accounts, request),
        }),
        apiGroup({
          management: {
            store: patient,
            engine,
            scans,
            accounts,
            sync,
            stopping: stopping.signal,
            translate: translations.translate,
          },
          basePath,
          version,
          log,
        }),
      ],
      onAnswer: (_request, route, status, durationMs) => metrics.answered(route, status, durationMs),
    });
    const listening = http;
    return {
      port: listening.port,
      close: async (deadlineMs) => {
        stopping.abort();
        await Promise.all([scans.close(), listening.close(deadlineMs)]);
        shared.close();
        await translations.close();
        await accounts.close();
        await engine.close();
        await Promise.all(stores.map((store) => store.close()));
      },
    };
  } catch (error) {
    await engine.close();
    for (const store of stores.toReversed()) await closeQuietly(store);
    throw error;
  }
}

const BEARER = /^Bearer +(\S+)$/i;

async function mayManage(accounts: Accounts, request: HttpRequest): Promise<boolean> {
  const [, key] = BEARER.exec(request.header('authorization') ?? '') ?? [];
  if (key === undefined) return false;
  try {
    return (await accounts.authenticator.byApiKey(key, request)).permissions.has('library:manage');
  } catch {
    return false; // a key that is not valid permits nothing, whatever is wrong with it
  }
}

async function closeQuietly(store: OpenStore): Promise<void> {
  await store.close().catch(() => undefined); // the error that ended the start is the one to tell
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
