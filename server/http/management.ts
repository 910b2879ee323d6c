import type { Engine } from '../../engine/index.js';
import type { Accounts } from '../accounts/accounts.js';
import type { WaitingShares } from '../batching/waiting-shares.js';
import type { SharedCount } from '../domain/shared-count.js';
import type { ReadCover } from '../book/book-cover.js';
import type { ReadPiece } from '../book/book-file.js';
import type { ConsoleAccess } from './console-access.js';
import type { Downloads } from './downloads.js';
import type { FolderPicker } from '../library/folder-picker.js';
import type { Overview } from '../overview/overview.js';
import type { BackgroundScans } from '../scan/background-scans.js';
import type { SyncStore } from '../sync/sync-store.js';
import type { TranslationContext } from '../translation/get-translations.js';

/** What the server is and offers, as its configuration says. Holds no secret. */
export interface ServerFacts {
  readonly version: string;
  /** The URL that readers type, if the operator has set one. */
  readonly publicUrl: string | undefined;
  /** Prefix of every path, which a reverse proxy passes on: `''` or `/sync`. */
  readonly basePath: string;
  readonly koreaderSync: boolean;
  readonly takesRegistrations: boolean;
  readonly keepsHistory: boolean;
  readonly automaticScans: {
    /** A pattern of cron. */
    readonly schedule: string | undefined;
    readonly watches: boolean;
  };
  readonly database: {
    /** Without its password. */
    readonly url: string;
    /** Of a database that is a file. */
    readonly file: string | undefined;
  };
}

/** What the routes of the management API pass to use cases: the database, the translation of positions, and these. */
export interface Management extends TranslationContext {
  readonly engine: Engine;
  readonly facts: ServerFacts;
  readonly folders: Pick<FolderPicker, 'list'>;
  readonly overview: Pick<Overview, 'of'>;
  readonly scans: BackgroundScans;
  /** Authenticates requests, and caches users and API keys. */
  readonly accounts: Pick<
    Accounts,
    'store' | 'authenticator' | 'passwords' | 'keys' | 'sessions' | 'forgetUser' | 'canOwnerSignIn'
  >;
  /** Caches libraries and devices, and takes pushes. */
  readonly sync: Pick<
    SyncStore,
    'forgetLibraries' | 'devices' | 'pushes' | 'isKnown' | 'isCachedAsKnown' | 'claim'
  >;
  /** Aborts when the server begins to stop: event streams end then. */
  readonly stopping: AbortSignal;
  /** `undefined`: the console is switched off, and there are no sessions. */
  readonly console: ConsoleAccess | undefined;
  /** How many event streams the process has, in all its threads. */
  readonly streams: SharedCount;
  /** How many of them each user has, on this thread. */
  readonly streamShares: WaitingShares;
  readonly readPiece: ReadPiece;
  readonly readCover: ReadCover;
  readonly downloads: Downloads;
}
