import type { Engine } from '../../engine/index.js';
import type { Accounts } from '../accounts/accounts.js';
import type { SharedCount } from '../domain/shared-count.js';
import type { BackgroundScans } from '../scan/background-scans.js';
import type { SyncStore } from '../sync/sync-store.js';
import type { TranslationContext } from '../translation/get-translations.js';

/** What the routes of the management API pass to use cases: the database, the translation of positions, and these. */
export interface Management extends TranslationContext {
  readonly engine: Engine;
  readonly scans: BackgroundScans;
  /** Authenticates requests, and caches users and API keys. */
  readonly accounts: Pick<Accounts, 'authenticator' | 'passwords' | 'keys' | 'forgetUser'>;
  /** Caches libraries and devices, and takes pushes. */
  readonly sync: Pick<SyncStore, 'forgetLibraries' | 'devices' | 'pushes' | 'isKnown'>;
  /** Aborts when the server begins to stop: event streams end then. */
  readonly stopping: AbortSignal;
  /** How many event streams the process has, in all its threads. */
  readonly streams: SharedCount;
}
