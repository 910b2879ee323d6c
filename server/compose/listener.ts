import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { databaseLocation, maskedDatabaseUrl } from '../../config/database-url.js';
import type { Configuration } from '../../config/schema.js';
import { Accounts } from '../accounts/accounts.js';
import { ChangedBooks } from '../book/changed-books.js';
import { errorMessage } from '../domain/error-text.js';
import { FolderPicker } from '../library/folder-picker.js';
import { Overview } from '../overview/overview.js';
import { BackgroundScans } from '../scan/background-scans.js';
import { databaseReadiness } from '../database/readiness.js';
import { scanGauges } from '../scan/scan-gauges.js';
import type { HistoryTrouble } from '../sync/history-writer.js';
import { SyncStore } from '../sync/sync-store.js';
import { newStreamShares } from '../http/event-stream.js';
import { ConsoleAccess } from '../http/console-access.js';
import { Downloads } from '../http/downloads.js';
import type { Management, ServerFacts } from '../http/management.js';
import { Metrics } from '../http/metrics.js';
import { readConsoleFiles } from '../http/console-files.js';
import { consoleGroups } from '../http/routes/console-routes.js';
import { lateGroups } from '../http/routes/late-routes.js';
import { operationGroups, type Readiness } from '../http/routes/operation-routes.js';
import { startSyncServer } from '../http/sync-server.js';
import type { HttpServer } from '../http/uws.js';
import { ClockWatch } from '../database/clock-watch.js';
import { SchemaWatch } from '../database/schema-watch.js';
import { withLongLog } from '../database/long-log.js';
import { gatedLate } from '../http/gate.js';
import type { OnMoved } from '../database/mysql/cluster-pool.js';
import { openStore, type OpenStore } from '../database/store.js';
import { isDatabaseAway } from '../database/database-fault.js';
import { WriteHealth } from '../database/write-health.js';
import { withDeadline } from '../domain/deadline.js';
import { closeAll } from './close-all.js';
import { FaultLog } from './fault-log.js';
import { RestMemory } from './rest-memory.js';
import { RareWarning } from './rare-warning.js';
import { BookFileThreads } from './book-file-threads.js';
import { composeEngine } from './engine.js';
import { composeStore } from './composed-store.js';
import { NOT_ADOPTED } from '../sync/adopt-unmatched.js';
import { loggedError } from '../http/logged-error.js';
import { startAutomaticScans } from './scans-by-themselves.js';
import { scanInThread } from './scan-thread.js';
import { MetadataThread } from './metadata-thread.js';
import { TranslationThread } from './translation-thread.js';
import { seedSharedLimits, SharedLimits, type SharedLimitsSeed } from './shared-limits.js';
import { SharedMetrics } from './shared-metrics.js';

/** One thread that answers requests, with database connections and queues of its own. Threads share the port. */
export interface Listener {
  readonly port: number;
  /** Accepts no more connections, answers the waiting requests, commits and closes. Open requests are cut at the deadline. */
  close(deadlineMs: number): Promise<void>;
}

export interface ListenerOptions {
  /** Instead of the configured port: the one that all threads share when the configuration asks for any free port. */
  readonly port?: number;
  readonly version: string;
  /** Number of threads that answer requests on this port, this one included. */
  readonly threads: number;
  /** Whether this thread begins the scans that nobody has asked for. */
  readonly isFirst: boolean;
  /** Absent: this is the only thread. */
  readonly limits?: SharedLimitsSeed;
}

/** A reader gives up after two seconds, so the result of a slower statement would reach nobody. */
const STATEMENT_TIMEOUT_MS = 1500;
/**
 * For readiness alone, so that it does not wait for readers: a busy server must not look like one without database. Of a
 * single one the pool would keep none open between two looks.
 */
const READINESS_CONNECTIONS = 2;
/** The built pages, relative to dist/server/compose/. */
const CONSOLE_FOLDER = fileURLToPath(new URL('../console/', import.meta.url));
const STOPPING: Readiness = { state: 'not-ready', reason: 'stopping', detail: 'The server is stopping.' };

export async function composeListener(
  configuration: Configuration,
  log: Logger,
  { port, threads, isFirst, version, limits: seed = seedSharedLimits() }: ListenerOptions,
): Promise<Listener> {
  const { server, sync: syncing, database } = configuration;
  const basePath = server.base_url === '/' ? '' : server.base_url;
  const faults = new FaultLog(log);
  const writes = new WriteHealth();
  const onFailure = (error: unknown): void => {
    faults.note(error);
    writes.note(error);
  };
  // In the order in which they were opened. What was opened last is closed first, because it uses what was there before.
  const opened: { close(): unknown }[] = [];
  const closedAtEnd = <T extends { close(): unknown }>(part: T): T => {
    opened.push(part);
    return part;
  };
  const closingSteps = (): (() => unknown)[] => opened.toReversed().map((part) => () => part.close());
  const open = async (connections: number, onMoved?: OnMoved): Promise<OpenStore> =>
    closedAtEnd(
      await openStore(database.url, {
        connections,
        statementTimeoutMs: STATEMENT_TIMEOUT_MS,
        onFailure,
        ...(onMoved === undefined ? {} : { onMoved }),
      }),
    );
  try {
    // Without a time limit for statements, which migrations and the management API may need.
    const unlimitedStore = closedAtEnd(await composeStore(configuration, onFailure));
    for (const note of unlimitedStore.migration.notes) log.warn(note);
    const engine = closedAtEnd(composeEngine(configuration));
    const limits = closedAtEnd(new SharedLimits(seed, threads));
    const store = await open(database.connections, (move) =>
      log.warn(move, 'another database server is used now'),
    );
    // SQLite has no connection pool that readers could use up.
    const readinessStore = store.dialect === 'mysql' ? await open(READINESS_CONNECTIONS) : store;
    const lastUseWarning = new RareWarning(log, 'the last use of API keys or sessions was not written');
    const retentionWarning = new RareWarning(
      log,
      'old positions, history or tickets were not deleted; the next check tries again',
    );
    const unmatchedWarning = new RareWarning(
      log,
      'documents that found no book were not kept, or old ones not deleted; the next push tries again',
    );
    const accounts = closedAtEnd(new Accounts(store, (error) => lastUseWarning.note(error), limits.accounts));
    let http: HttpServer | undefined;
    const metrics: Metrics = new Metrics({
      activeRequests: () => http?.active ?? 0,
      waitingPushes: () => sync.pushes.waiting,
      waitingPulls: () => sync.pulls.waiting,
      waitingHistory: () => sync.history?.waiting ?? 0,
      rememberedKeys: () => accounts.keys.size,
      rememberedUsers: () => accounts.users.size,
      rememberedPasswords: () => accounts.passwords.verifiedCount,
    });
    const sync = new SyncStore(store, {
      connections: database.connections,
      waitingPushes: syncing.waiting_pushes,
      onCommit: (rows, durationMs) => metrics.committed(rows, durationMs),
      onRead: (keys, durationMs) => metrics.read(keys, durationMs),
      bounds: {
        documentsPerUser: syncing.documents_per_user,
        devicesPerUser: syncing.devices_per_user,
        devicesPerDocument: syncing.devices_per_document,
        history: syncing.history
          ? {
              entriesPerDocument: syncing.history_per_document,
              entriesPerUser: syncing.history_per_user,
              days: syncing.history_days,
            }
          : undefined,
      },
      history: syncing.history
        ? {
            threads,
            onWritten: (entries) => metrics.keptHistory(entries.length),
            onLost: (count) => metrics.lostHistory(count),
            onTrouble: (trouble) => log.warn(...historyTrouble(trouble)),
          }
        : undefined,
      keepsMetadata: syncing.keep_metadata,
      unmatched:
        syncing.unmatched_per_user === 0
          ? undefined
          : { perUser: syncing.unmatched_per_user, inAll: syncing.unmatched_in_all },
      onUnmatchedError: (error) => unmatchedWarning.note(error),
      onForgotten: (what, count) => metrics.forgot(what, count),
      onRetentionError: (error) => retentionWarning.note(error),
    });
    closedAtEnd(sync.retention);
    // Before the retention, which learns what was written.
    if (sync.history !== undefined) closedAtEnd(sync.history);
    if (sync.unmatched !== undefined) closedAtEnd(sync.unmatched);
    closedAtEnd(sync.changes);
    const clock = new ClockWatch();
    closedAtEnd(new RestMemory());
    const watch = closedAtEnd(
      new SchemaWatch(readinessStore, {
        alsoDo: async () => {
          const stepSeconds = await clock.look(readinessStore);
          if (stepSeconds !== 0) log.warn({ stepSeconds }, clockStepText(stepSeconds));
        },
        onNewer: (unknown) =>
          log.error(
            { migrations: unknown },
            'a newer version of Dogear has migrated the database: requests are answered with 503 until this server is updated',
          ),
        onError: (error) =>
          log.warn({ error: errorMessage(error) }, 'the schema of the database is not known'),
      }),
    );
    const gate = () => watch.refusal();
    const shared = closedAtEnd(new SharedMetrics(metrics.registry, threads));
    const stopping = new AbortController();
    const scan = scanInThread(configuration, (error) => log.warn({ error }, NOT_ADOPTED));
    const scans = new BackgroundScans({
      scan: (library, options) => withLongLog(store, 'beside-scan', () => scan(library, options)),
      onError: (error) => log.error({ error: loggedError(error) }, 'a scan failed'),
      running: limits.scans,
    });
    if (isFirst) {
      closedAtEnd(startAutomaticScans(configuration.library, { store, scans, log }));
    }
    if (isFirst) {
      closedAtEnd(
        new MetadataThread({
          store,
          database,
          readsEpubs: configuration.library.metadata,
          onError: (error) =>
            log.warn(
              { error: errorMessage(error) },
              'metadata of books was not read; the next look tries again',
            ),
        }),
      );
    }
    const translations = closedAtEnd(new TranslationThread());
    const bookFiles = closedAtEnd(new BookFileThreads());
    const changedBooks = closedAtEnd(
      new ChangedBooks({
        store: unlimitedStore,
        engine,
        onError: (error) =>
          log.error({ error: loggedError(error) }, 'a changed book could not be hashed again'),
      }),
    );
    const access = consoleAccess(configuration, basePath);
    const management: Management = {
      store: unlimitedStore,
      engine,
      facts: {
        version,
        publicUrl: server.public_url,
        basePath,
        koreaderSync: configuration.enable_koreader_sync,
        takesRegistrations: syncing.registration,
        keepsHistory: syncing.history,
        automaticScans: {
          schedule: configuration.library.schedule,
          watches: configuration.library.watch,
        },
        database: databaseFacts(database.url),
      },
      folders: new FolderPicker(configuration.console.folder_roots, limits.folderLooks),
      overview: new Overview({ store: unlimitedStore, engine, rootLooks: limits.rootLooks }),
      scans,
      accounts,
      sync,
      stopping: stopping.signal,
      streams: limits.streams,
      streamShares: newStreamShares(threads),
      readPiece: bookFiles.readPiece,
      readCover: bookFiles.readCover,
      downloads: new Downloads(limits.downloads, threads),
      translate: translations.translate,
      changedBooks,
      comparesMarks: configuration.library.change_check === 'full',
      console: access,
    };
    http = await startSyncServer({
      host: server.host,
      port: port ?? server.port,
      basePath,
      bodyLimitBytes: server.body_limit_bytes,
      trustedProxies: server.trusted_proxies,
      corsOrigins: server.cors_origins,
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
      isDatabaseAway,
      accounts,
      sync,
      gate,
      log,
      groups: [
        ...(access === undefined
          ? []
          : consoleGroups({
              files: readConsoleFiles(CONSOLE_FOLDER, basePath),
              access,
              basePath,
              isDatabaseAway,
              log,
            })),
        ...operationGroups({
          readiness: () =>
            stopping.signal.aborted
              ? Promise.resolve(STOPPING)
              : databaseReadiness(readinessStore, writes, (error) => {
                  log.error({ error: loggedError(error) }, 'the readiness of the database is not known');
                }),
          metrics: () => shared.text(),
          scans: () => scanGauges(store),
          metricsAccess: configuration.metrics.access,
          accounts,
          isDatabaseAway,
          log,
        }),
      ],
      lateGroups: lateGroups({ management, isDatabaseAway, log }).map((group) => gatedLate(group, gate)),
      onAnswer: (_request, route, status, durationMs) => metrics.answered(route, status, durationMs),
    });
    // Containers often forbid io_uring, and nothing else shows it but slower scans.
    if (isFirst && engine.reads.name !== 'io-uring') {
      log.info({ reads: engine.reads.name, reason: engine.reads.reason }, 'files are read without io_uring');
    }
    const listening = http;
    return {
      port: listening.port,
      close: async (deadlineMs) => {
        stopping.abort();
        const scansEnded = withDeadline(scans.close(), deadlineMs, () => {
          log.warn(
            'a scan did not stop in time; the next scan of its library goes on from what it has written',
          );
        });
        await closeAll(() => Promise.all([scansEnded, listening.close(deadlineMs)]), ...closingSteps());
      },
    };
  } catch (error) {
    // The error that prevented the start is reported instead of those of closing.
    await closeAll(...closingSteps()).catch(() => undefined);
    throw error;
  }
}

/** @returns `undefined` when the console is switched off */
function consoleAccess({ console, server }: Configuration, basePath: string): ConsoleAccess | undefined {
  if (!console.enabled) return undefined;
  return new ConsoleAccess({
    basePath,
    publicUrl: server.public_url,
    hosts: server.hosts,
    isTls: server.tls.certificate !== undefined,
  });
}

function historyTrouble({ lost, error }: HistoryTrouble): [object, string] {
  const what = `the history of progress ${lost === 0 ? 'is late' : `has lost ${String(lost)} entries`}`;
  if (error === undefined)
    return [{ lost }, `${what}: pushes come faster than the database can take their history`];
  return [
    { lost, error: errorMessage(error) },
    `${what}: it could not be written; positions are not affected`,
  ];
}

function databaseFacts(url: string): ServerFacts['database'] {
  const location = databaseLocation(url);
  return {
    url: maskedDatabaseUrl(url),
    file: location?.dialect === 'sqlite' ? location.file : undefined,
  };
}

function clockStepText(seconds: number): string {
  const step = `${String(Math.abs(seconds))} s ${seconds < 0 ? 'back' : 'forward'}`;
  return `the clock of the database stepped ${step}; check its time synchronisation`;
}
