import type { Logger } from 'pino';
import type { Accounts } from '../accounts/accounts.js';
import type { SyncStore } from '../sync/sync-store.js';
import { AccessLog, PathWords } from './access-log.js';
import { Cors } from './cors.js';
import { type Network, parseNetwork } from './client-address.js';
import { type Gate, gated } from './gate.js';
import type { LateRouteGroup, RouteGroup } from './route.js';
import { Router } from './router.js';
import { kosyncGroups, type KosyncOptions, noKosyncGroup } from './routes/kosync/kosync-routes.js';
import { type HttpServer, type HttpServerOptions, listen } from './uws.js';

export interface SyncServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Prefix of every path: `''` or `/sync`. */
  readonly basePath: string;
  readonly bodyLimitBytes: number;
  /** Addresses, networks in CIDR notation, and `loopback`. */
  readonly trustedProxies: readonly string[];
  readonly tls?: HttpServerOptions['tls'];
  readonly sharesPort?: boolean;
  /** Origins of web pages that may use the server; `*` is every origin. */
  readonly corsOrigins?: readonly string[];
  /** Off: every path of KOReader answers 404. */
  readonly koreaderSync: boolean;
  readonly takesRegistrations: boolean;
  readonly unknownDocuments: KosyncOptions['unknownDocuments'];
  readonly isDatabaseAway: KosyncOptions['isDatabaseAway'];
  readonly accounts: Accounts;
  readonly sync: SyncStore;
  /** More routes: management API, metrics. */
  readonly groups?: readonly RouteGroup[];
  readonly lateGroups?: readonly LateRouteGroup[];
  /** For the routes of KOReader. */
  readonly gate?: Gate;
  readonly log: Pick<Logger, 'isLevelEnabled' | 'debug' | 'info' | 'warn' | 'error'>;
  /** Called after the access log, for metrics. */
  readonly onAnswer?: HttpServerOptions['onAnswer'];
}

const OPEN: Gate = () => undefined;

/** @throws Error for a trusted proxy that is not an address; ListenError for a port that is taken */
export async function startSyncServer(options: SyncServerOptions): Promise<HttpServer> {
  const { log, onAnswer, tls, sharesPort, corsOrigins = [] } = options;
  const syncGroups = kosyncGroups(options);
  const { groups = [], lateGroups = [] } = options;
  // Also while syncing is off: readers may send their keys all the same.
  // A request may be refused, or its client leave, before its routes are loaded.
  const prefixes = lateGroups.map(({ prefix }) => ({ prefix, routes: [] }));
  const words = new PathWords(options.basePath, [...syncGroups, ...groups, ...prefixes]);
  const access = new AccessLog(log, words);
  return listen({
    host: options.host,
    port: options.port,
    router: new Router(
      options.basePath,
      [
        ...(options.koreaderSync
          ? syncGroups.map((group) => gated(group, options.gate ?? OPEN))
          : [noKosyncGroup(options)]),
        ...groups,
      ],
      lateGroups,
      (group) => words.add(group),
    ),
    bodyLimitBytes: options.bodyLimitBytes,
    trustedProxies: options.trustedProxies.flatMap(networksOf),
    ...(tls === undefined ? {} : { tls }),
    ...(sharesPort === undefined ? {} : { sharesPort }),
    ...(corsOrigins.length === 0 ? {} : { cors: new Cors(corsOrigins) }),
    onUnread: (client, connections) => {
      log.info(
        { client, connections },
        'a client connected and sent no request that can be read; a proxy or a health check has to speak HTTP/1.1 ' +
          '(nginx: proxy_http_version 1.1), and Dogear answers HTTP/1.0 and absolute targets with 505',
      );
    },
    onRefused: (connections, openFilesLimit) => {
      log.warn(
        { connections, openFilesLimit },
        'connections were closed at once: most of the files and connections that this process may have open are open; ' +
          'raise the limit (systemd: LimitNOFILE), or find out who opens so many connections',
      );
    },
    onAnswer: (request, route, status, durationMs) => {
      access.write(request, route, status, durationMs);
      onAnswer?.(request, route, status, durationMs);
    },
  });
}

/** @param text an entry of the setting: an address, a network, or `loopback` */
function networksOf(text: string): readonly Network[] {
  return (text === 'loopback' ? ['127.0.0.0/8', '::1'] : [text]).map((one) => {
    const network = parseNetwork(one);
    if (network === undefined)
      throw new Error(`the trusted proxy ${one} is neither an address nor a network`);
    return network;
  });
}
