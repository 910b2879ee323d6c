import type { Logger } from 'pino';
import type { Configuration } from '../../config/schema.js';
import { Accounts } from '../app/accounts.js';
import { SyncPath } from '../app/sync-path.js';
import { composeStore } from './program.js';
import { startSyncServer } from '../http/sync-server.js';

/** One thread's share of the server: its own connections, its own queues, the same port as the others. */
export interface Listener {
  readonly port: number;
  /** Accepts nothing more, answers what waits, commits, closes; what takes longer than the deadline is cut. */
  close(deadlineMs: number): Promise<void>;
}

export interface ListenerOptions {
  /** Instead of the configured one: that of the first thread, where any free one was asked for. */
  readonly port?: number;
  readonly sharesPort: boolean;
}

export async function composeListener(
  configuration: Configuration,
  log: Logger,
  options: ListenerOptions,
): Promise<Listener> {
  const { server, sync: syncing, enable_koreader_sync } = configuration;
  const store = await composeStore(configuration);
  const accounts = new Accounts(store, (error) =>
    log.warn({ error }, 'the last use of API keys was not written'),
  );
  const sync = new SyncPath(store);
  try {
    const http = await startSyncServer({
      host: server.host,
      port: options.port ?? server.port,
      basePath: server.base_url === '/' ? '' : server.base_url,
      bodyLimitBytes: server.body_limit_bytes,
      trustedProxies: server.trusted_proxies,
      ...(server.tls.certificate === undefined || server.tls.key === undefined
        ? {}
        : { tls: { certificateFile: server.tls.certificate, keyFile: server.tls.key } }),
      sharesPort: options.sharesPort,
      koreaderSync: enable_koreader_sync,
      takesRegistrations: syncing.registration,
      unknownDocuments: {
        'api-key': syncing.unknown_documents.api_key,
        account: syncing.unknown_documents.account,
      },
      accounts,
      sync,
      log,
    });
    return {
      port: http.port,
      close: async (deadlineMs) => {
        await http.close(deadlineMs);
        await accounts.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
