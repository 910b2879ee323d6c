import type { BookId, LibraryId, ScanId } from '../domain/ids.js';
import type { ColumnType, Generated } from 'kysely';

/**
 * A 64-bit integer column. Values that a double holds exactly come back as numbers, larger ones as bigint
 * (SQLite) or a decimal string (MySQL): `toBigInt` and `toNumber` in int64.ts read all three.
 */
export type Int64 = ColumnType<number | bigint | string, number | bigint, number | bigint>;

/** 0 or 1: MySQL has no boolean of its own and SQLite binds none. */
export type Bit = ColumnType<number, 0 | 1, 0 | 1>;

export interface LibraryTable {
  id: Generated<LibraryId>;
  name: string;
  /** Absolute path, bytes as the file system has them. */
  root: Buffer;
  /** JSON array of lower-case extensions, or NULL for every extension that KOReader opens. */
  extensions: string | null;
  koreader_hashes: Bit;
  created_s: Int64;
}

export interface BookTable {
  id: Generated<BookId>;
  library_id: LibraryId;
  /** Relative to the library's root, bytes, `/` between the parts. */
  path: Buffer;
  size_bytes: Int64;
  modified_ns: Int64;
  partial_md5: Buffer | null;
  filename_md5: Buffer | null;
  /** When the digests were made, by the database's clock; NULL while there are none. */
  hashed_ms: Int64 | null;
  /** NULL: the file was there at the last complete scan. */
  missing_since_s: Int64 | null;
  /** Code of the last failure to hash the file as it is now; NULL when there was none. */
  failure: string | null;
}

export interface FormerDigestTable {
  digest: Buffer;
  book_id: BookId;
  kind: 'partial' | 'filename';
  replaced_s: Int64;
}

export type ScanStateColumn = 'running' | 'completed' | 'failed' | 'cancelled' | 'interrupted';

export interface ScanTable {
  id: Generated<ScanId>;
  library_id: LibraryId;
  shard_index: number;
  shard_count: number;
  /** NULL: incremental. Otherwise every book hashed before this moment is hashed again. */
  regen_since_ms: Int64 | null;
  state: ScanStateColumn;
  /** Who runs it: host, boot and process, see app/scan-runner.ts. */
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
  error: string | null;
}

export interface Schema {
  library: LibraryTable;
  book: BookTable;
  former_digest: FormerDigestTable;
  scan: ScanTable;
}
