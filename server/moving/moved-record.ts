/**
 * What a source gives of another server, not checked yet: names that Dogear refuses, percentages that are no numbers. The
 * sources read, and moving in decides (move-in.ts).
 */
export type MovedRecord = MovedUser | MovedPosition | UnreadableRecord;

export interface MovedUser {
  readonly kind: 'user';
  readonly name: string;
  /** What the readers of the user send as `x-auth-key`: the MD5 of the password. `undefined`: there is none. */
  readonly key: string | undefined;
}

/** The last position of one device of a user in a document. */
export interface MovedPosition {
  readonly kind: 'position';
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

/** Something that the source holds and cannot be read. */
export interface UnreadableRecord {
  readonly kind: 'unreadable';
  readonly reason: 'other-type' | 'other-layout';
  /** A key or a line, for people. */
  readonly what: string;
}

/** Another server. Users come before their positions. Each batch is bounded, so that memory is. */
export type MovedRecords = AsyncIterable<readonly MovedRecord[]>;
