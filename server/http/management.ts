import type { Engine } from '../../engine/index.js';
import type { Store } from '../database/store.js';
import type { Accounts } from '../accounts/accounts.js';
import type { BackgroundScans } from '../scan/background-scans.js';
import type { SyncStore } from '../sync/sync-store.js';
import type { Translate } from '../translation/translations.js';

/** What the management API works on. */
export interface Management {
  readonly store: Store;
  readonly engine: Engine;
  readonly scans: BackgroundScans;
  /** Who sends requests, and what this server remembers of users and keys. */
  readonly accounts: Pick<Accounts, 'authenticator' | 'passwords' | 'keys' | 'forgetUser'>;
  /** What this server remembers of libraries and devices, and the way of pushes. */
  readonly sync: Pick<SyncStore, 'forgetLibraries' | 'devices' | 'pushes' | 'isKnown'>;
  /** Positions into their other forms. */
  readonly translate: Translate;
  /** Aborts when the server begins to stop: what would go on for long ends. */
  readonly stopping: AbortSignal;
}
