import type { StoredPasswordHash } from '../accounts/passwords/scrypt-hash.js';
import type { PermissionSet } from '../domain/permission.js';

/**
 * What a source gives of another server, not checked yet: names that Dogear refuses, percentages that are no numbers. The
 * sources read, and moving in decides (move-in.ts).
 */
export type MovedRecord =
  | MovedUser
  | MovedApiKey
  | MovedDevice
  | MovedPosition
  | MovedHistory
  | MovedUnmatched
  | MovedLink
  | UnreadableRecord;

export interface MovedUser {
  readonly kind: 'user';
  readonly name: string;
  readonly secret: MovedSecret;
  /** What another Dogear says of the user. Absent: the user may sync and nothing else. */
  readonly account?: {
    readonly isOwner: boolean;
    readonly isDisabled: boolean;
    readonly permissions: PermissionSet;
    readonly createdSeconds: number;
  };
}

/**
 * How a user logs in. `key`: what readers send as `x-auth-key`, the MD5 of the password. `hash`: as Dogear stores it.
 * `none`: without a password. `elsewhere`: the source knows the user, but not in a way that Dogear can take over, so the
 * user has to be here already.
 */
export type MovedSecret =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'hash'; readonly hash: StoredPasswordHash }
  | { readonly kind: 'none' }
  | { readonly kind: 'elsewhere' };

export interface MovedApiKey {
  readonly kind: 'api-key';
  readonly userName: string;
  readonly name: string;
  readonly prefix: string;
  readonly secretHash: string;
  readonly permissions: PermissionSet;
  readonly createdSeconds: number;
  readonly expiresSeconds: number | undefined;
  readonly lastUsedSeconds: number | undefined;
  readonly revokedSeconds: number | undefined;
}

export interface MovedDevice {
  readonly kind: 'device';
  readonly userName: string;
  readonly name: string;
  readonly id: string | undefined;
  readonly friendlyName: string | undefined;
  readonly firstSeenSeconds: number;
  readonly lastSeenSeconds: number;
}

/** Where a device was in a document. */
export interface MovedPlace {
  readonly userName: string;
  readonly document: string;
  readonly position: string | undefined;
  /** From 0 to 1; NaN for what is no number. */
  readonly percentage: number | undefined;
  readonly deviceName: string | undefined;
  readonly deviceId: string | undefined;
  /** Since 1970; NaN for what is no number. `undefined`: the source does not say when. */
  readonly pushedMs: number | undefined;
}

/** The last position of one device of a user in a document. */
export interface MovedPosition extends MovedPlace {
  readonly kind: 'position';
  /** The source holds it for the newest of the document. The times decide where the source does not say. */
  readonly isNewest?: boolean;
  readonly metadataJson?: string | undefined;
}

/** The history of a document, oldest first. */
export interface MovedHistory {
  readonly kind: 'history';
  readonly userName: string;
  readonly document: string;
  readonly entries: readonly MovedPlace[];
}

/** What is kept of pushes that were refused. */
export interface MovedUnmatched extends MovedPlace {
  readonly kind: 'unmatched';
  readonly firstSeenMs: number;
  readonly pushes: number;
  readonly metadataJson: string | undefined;
}

/** A document that is linked to a book. */
export interface MovedLink {
  readonly kind: 'link';
  readonly document: string;
  /** `undefined`: for everybody. */
  readonly userName: string | undefined;
  readonly linkedBy: string | undefined;
  readonly linkedSeconds: number;
  /** The digest of the book's content: books have other numbers elsewhere. */
  readonly partialMd5: string;
}

/** Something that the source holds and cannot be read. */
export interface UnreadableRecord {
  readonly kind: 'unreadable';
  readonly reason: 'other-type' | 'other-layout';
  /** A key or a line, for people. */
  readonly what: string;
}

/**
 * Another server. Users come before what is theirs, and all positions of a document stand together. Each batch is bounded,
 * so that memory is.
 */
export type MovedRecords = AsyncIterable<readonly MovedRecord[]>;

export interface MovedSource {
  readonly records: MovedRecords;
  /** Whether it lists its devices. Otherwise the positions tell when their devices were seen. */
  readonly listsDevices: boolean;
}
