import type { ApiKeyId, BookId, LibraryId, ScanId, SessionId, UserId } from '../domain/ids.js';
import { type ColumnType, type Generated, sql } from 'kysely';

/**
 * A 64-bit integer column. Values that a double holds exactly come back as numbers, larger ones as bigint
 * (SQLite) or a decimal string (MySQL): `toBigInt` and `toNumber` in int64.ts read all three.
 */
export type Int64 = ColumnType<number | bigint | string, number | bigint, number | bigint>;

/**
 * Incremented by transactions that must be the only one to decide something about the row. A lock that is only read does
 * not exclude a transaction on another server of a cluster; two writes of one row conflict everywhere.
 */
export type Revision = ColumnType<number | string, never, number>;

/** Set by an `update` that locks its rows in this way until the transaction ends. */
export const NEXT_REVISION = { revision: sql<number>`revision + 1` };

/** 0 or 1: MySQL has no boolean type, and SQLite's driver accepts no boolean parameters. */
export type Bit = ColumnType<number, 0 | 1, 0 | 1>;

/** The same for a column with a default. */
export type DefaultedBit = ColumnType<number, 0 | 1 | undefined, 0 | 1>;

export interface LibraryTable {
  id: Generated<LibraryId>;
  name: string;
  /** Absolute path, in the bytes of the file system. */
  root: Buffer;
  /** JSON array of lower-case extensions. NULL: all extensions that KOReader opens. */
  extensions: string | null;
  koreader_hashes: Bit;
  created_s: Int64;
  skip_system: DefaultedBit;
  /** In the syntax of .gitignore, one a line. NULL: none. */
  ignore_patterns: string | null;
  follow_links: DefaultedBit;
  revision: Revision;
}

export interface BookTable {
  id: Generated<BookId>;
  library_id: LibraryId;
  /** Relative to the library's root, in the bytes of the file system, with `/` between the parts. */
  path: Buffer;
  size_bytes: Int64;
  modified_ns: Int64;
  /** The file's inode and time of last change in one number. NULL: not known. */
  state_mark: Int64 | null;
  partial_md5: Buffer | null;
  filename_md5: Buffer | null;
  /** When the digests were made, by the database's clock. NULL: there are none yet. */
  hashed_ms: Int64 | null;
  /** NULL: the last complete scan saw the file. */
  missing_since_s: Int64 | null;
  /** Code of the last failure to hash this version of the file. NULL: it did not fail. */
  failure: string | null;
}

export type NameFormColumn = 'nfc' | 'nfd' | 'koreader' | 'calibre' | 'ascii' | 'kepub' | 'opds';

export interface FormerDigestTable {
  digest: Buffer;
  book_id: BookId;
  /** What it was of; or the form of the file name of which it is, see book/name-forms.ts. */
  kind: 'partial' | 'filename' | NameFormColumn;
  replaced_s: Int64;
}

/** Digests of books that were removed, by content; see book/kept-digest-repository.ts. */
export interface KeptDigestTable {
  id: Generated<number>;
  partial_md5: Buffer;
  size_bytes: Int64;
  digest: Buffer;
  kind: 'partial' | 'filename' | NameFormColumn;
  replaced_s: Int64;
}

/** What EPUBs say of themselves; see book/book-metadata-repository.ts. */
export interface BookMetadataTable {
  book_id: BookId;
  /** The state of the file that was read. */
  size_bytes: Int64;
  modified_ns: Int64;
  partial_md5: Buffer | null;
  read_s: Int64;
  /** Why the file could not be read. NULL: it was. */
  failure: string | null;
  identifier: string | null;
  title: string | null;
  /** JSON array of names. */
  authors: string | null;
  series: string | null;
  series_index: number | null;
  language: string | null;
  structure_md5: Buffer | null;
  /** Title, authors and series, folded for searches. */
  search_text: string | null;
}

/** Titles, authors and series of books in their order; see book/listed-name-repository.ts. */
export interface ListedNameTable {
  library_id: LibraryId;
  /** The place in NAME_KINDS. */
  kind: number;
  /** UTF-8. */
  sort_key: Buffer;
  place: number;
  book_id: BookId;
  /** NULL: of a title, which the book has. */
  name: string | null;
}

/** The last pass over the EPUBs of each library; see book/metadata-pass-repository.ts. */
export interface MetadataPassTable {
  library_id: LibraryId;
  runner: string;
  lease_until_ms: Int64;
  started_ms: Int64;
  /** NULL: it runs, or was stopped. */
  finished_ms: Int64 | null;
  examined: Int64;
  books_read: Int64;
  failed: Int64;
}

export type ScanStateColumn = 'running' | 'completed' | 'failed' | 'cancelled' | 'interrupted';

export interface ScanTable {
  id: Generated<ScanId>;
  library_id: LibraryId;
  shard_index: number;
  shard_count: number;
  /** NULL: an incremental scan. Otherwise every book that was hashed before this moment is hashed again. */
  regen_since_ms: Int64 | null;
  state: ScanStateColumn;
  /** The process that runs it, by host, boot and process id; see scan/scan-runner.ts. */
  runner: string;
  lease_until_ms: Int64;
  cancel_requested: Bit;
  started_ms: Int64;
  finished_ms: Int64 | null;
  found: Int64;
  added: Int64;
  changed: Int64;
  moved: Int64;
  returned: Int64;
  unchanged: Int64;
  missing: Int64;
  failed: Int64;
  hashed: Int64;
  rechecked: Int64;
  skipped: Int64;
  skippable: Int64;
  error: string | null;
  /** How many places alone were looked at. NULL: the whole library, or its part. */
  touched: Int64 | null;
}

export interface UserTable {
  id: Generated<UserId>;
  name: string;
  /** NULL: the user has no password, only API keys. */
  password_hash: string | null;
  is_owner: Bit;
  /** Names of permissions, separated by spaces. */
  permissions: string;
  is_disabled: Bit;
  created_s: Int64;
  /** What arrives of the name in a header. NULL: the name itself, or nothing; see accounts/user-name.ts. */
  header_name: string | null;
  revision: Revision;
}

/** One row; see migrations/0005-user-names.ts. */
export interface UserNameLockTable {
  id: number;
  revision: Int64;
}

export interface ApiKeyTable {
  id: Generated<ApiKeyId>;
  user_id: UserId;
  name: string;
  /** Unique; see accounts/keys/api-key-repository.ts. */
  prefix: string;
  /** Unique: keys are looked up by it. */
  secret_sha256: Buffer;
  permissions: string;
  created_s: Int64;
  expires_s: Int64 | null;
  last_used_s: Int64 | null;
  revoked_s: Int64 | null;
}

export interface SessionTable {
  id: Generated<SessionId>;
  user_id: UserId;
  /** Of the secret in the cookie. */
  secret_sha256: Buffer;
  /** Of the user's password hash when the session began; see migrations/0007-sessions.ts. */
  password_sha256: Buffer;
  /** The API key that the session was begun with. */
  api_key_id: ApiKeyId | null;
  via: SessionViaColumn;
  browser: string | null;
  created_s: Int64;
  last_used_s: Int64;
}

export type SessionViaColumn = 'password' | 'api-key' | 'link';

/** Links that let a browser into the console once; see accounts/sessions/console-link.ts. */
export interface ConsoleLinkTable {
  id: Generated<number>;
  secret_sha256: Buffer;
  kind: ConsoleLinkKindColumn;
  /** Whom a link of the kind `sign-in` signs in. */
  user_id: UserId | null;
  expires_s: Int64;
}

export type ConsoleLinkKindColumn = 'setup' | 'sign-in';

/** One row; see migrations/0007-sessions.ts. */
export interface OwnerClaimTable {
  id: number;
  revision: Int64;
  /** When an owner first signed in to the console. */
  claimed_s: Int64 | null;
}

export interface DeviceTable {
  user_id: UserId;
  /** A letter that says whether an id or a name follows, then that id or name; see deviceKey in device/device.ts. */
  device_key: Buffer;
  /** The name that the device sent last, UTF-8. */
  name: Buffer;
  friendly_name: string | null;
  first_seen_s: Int64;
  last_seen_s: Int64;
}

/** The newest progress of each user in each document. */
/** What both tables of positions hold. */
interface PositionTable {
  user_id: UserId;
  /** UTF-8. */
  document: Buffer;
  /** Orders the pushes of a user; see progress-repository.ts. */
  arrival: Int64;
  /** By the clock of the machine that received the push. Clients see it. */
  pushed_ms: Int64;
  percentage: number;
  /** UTF-8. */
  position: Buffer;
  device_key: Buffer;
  /** The name that the device sent with this progress, UTF-8. */
  device_name: Buffer;
}

export interface DocumentProgressTable extends PositionTable {
  /** `pushed_ms` in hours, rounded down; 0 for pushes before the column was added. See migrations/0012-push-hours.ts. */
  pushed_hour: Generated<number>;
}

/** The last position of each other device; see device-progress-repository.ts. */
export interface DeviceProgressTable extends PositionTable {
  /** Not used any more: document_metadata replaces it. */
  metadata: Buffer | null;
}

/** What a reader said last about a document. */
export interface DocumentMetadataTable {
  user_id: UserId;
  document: Buffer;
  /** JSON, UTF-8. */
  metadata: Buffer;
}

/** Pushes that moved the progress; see sync/progress-history-repository.ts. */
export interface ProgressHistoryTable extends DocumentProgressTable {
  /** Counts the entries of the document, from 1. */
  entry_number: Int64;
}

/** The last push of a document that no book has; see sync/unmatched-repository.ts. */
export interface UnmatchedDocumentTable {
  user_id: UserId;
  /** UTF-8. */
  document: Buffer;
  first_seen_ms: Int64;
  last_seen_ms: Int64;
  /** How many pushes found no book. */
  pushes: Int64;
  percentage: number;
  /** UTF-8. */
  position: Buffer;
  device_key: Buffer;
  /** UTF-8. */
  device_name: Buffer;
  /** JSON, UTF-8. NULL: no reader has sent any. */
  metadata: Buffer | null;
}

/** Documents that people have linked to books; see book/document-link-repository.ts. */
export interface DocumentLinkTable {
  /** UTF-8. */
  document: Buffer;
  /** For whom the link holds. 0: for all users. */
  user_id: number;
  book_id: BookId;
  /** Who made it. NULL: the operator. */
  linked_by: UserId | null;
  linked_s: Int64;
}

/** Links of books that were removed, by content; see book/kept-link-repository.ts. */
export interface KeptLinkTable extends Omit<DocumentLinkTable, 'book_id'> {
  id: Generated<number>;
  partial_md5: Buffer;
  size_bytes: Int64;
}

/** SHA-256 of whole files; see book/whole-hash-repository.ts. */
export interface WholeHashTable {
  book_id: BookId;
  size_bytes: Int64;
  modified_ns: Int64;
  sha256: Buffer;
  /** When the file was found like this last. */
  checked_s: Int64;
}

/** A row for each library that only its readers may see. */
export interface RestrictedLibraryTable {
  library_id: LibraryId;
}

/** The users who may see a restricted library. */
export interface LibraryReaderTable {
  library_id: LibraryId;
  user_id: UserId;
}

/** What a scan could not read, by reason. */
export interface ScanFailureCountTable {
  scan_id: ScanId;
  reason: string;
  failures: Int64;
  /** Rows of `scan_failure` with this reason. */
  kept: number;
}

/** The first failures of a scan for each reason. */
export interface ScanFailureTable {
  scan_id: ScanId;
  reason: string;
  number: number;
  /** Below the library's root, bytes. */
  path: Buffer;
  message: string;
}

/** Revisions of what is shown of users; see changes/change-mark-repository.ts. */
export interface ChangeMarkTable {
  /** Or one of the numbers below 1 that stand for many users. */
  user_id: number;
  topic: string;
  revision: Int64;
}

/** Revisions of what servers cache; see changes/cache-mark-repository.ts. */
export interface CacheMarkTable {
  topic: string;
  /** Of the topic's revisions, each of which stands for some of the changes. */
  part: number;
  revision: Int64;
}

export interface Schema {
  library: LibraryTable;
  book: BookTable;
  former_digest: FormerDigestTable;
  kept_digest: KeptDigestTable;
  book_metadata: BookMetadataTable;
  listed_name: ListedNameTable;
  metadata_pass: MetadataPassTable;
  scan: ScanTable;
  user: UserTable;
  user_name_lock: UserNameLockTable;
  api_key: ApiKeyTable;
  session: SessionTable;
  console_link: ConsoleLinkTable;
  owner_claim: OwnerClaimTable;
  device: DeviceTable;
  document_progress: DocumentProgressTable;
  device_progress: DeviceProgressTable;
  document_metadata: DocumentMetadataTable;
  progress_history: ProgressHistoryTable;
  unmatched_document: UnmatchedDocumentTable;
  document_link: DocumentLinkTable;
  kept_link: KeptLinkTable;
  whole_hash: WholeHashTable;
  restricted_library: RestrictedLibraryTable;
  library_reader: LibraryReaderTable;
  change_mark: ChangeMarkTable;
  cache_mark: CacheMarkTable;
  scan_failure_count: ScanFailureCountTable;
  scan_failure: ScanFailureTable;
}
