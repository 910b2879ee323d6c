import { type RawBuilder, sql } from 'kysely';
import type { SqlDialect } from '../store.js';

/**
 * Column types that the two dialects spell differently, so that each table is written once. Released migrations use
 * them: an existing type must not change, a new migration may add one.
 */
export interface ColumnTypes {
  /** A primary key that the database assigns and never reuses. */
  readonly id: RawBuilder<unknown>;
  readonly reference: RawBuilder<unknown>;
  readonly int64: RawBuilder<unknown>;
  readonly int32: RawBuilder<unknown>;
  readonly bit: RawBuilder<unknown>;
  readonly float64: RawBuilder<unknown>;
  readonly longText: RawBuilder<unknown>;
  digest(): RawBuilder<unknown>;
  bytes(maximum: number): RawBuilder<unknown>;
  fixedBytes(length: number): RawBuilder<unknown>;
  /** Compared byte for byte: upper and lower case differ. */
  text(maximum: number): RawBuilder<unknown>;
  /** The text behind the closing parenthesis of `create table`. */
  readonly tableOptions: RawBuilder<unknown>;
}

const DIGEST_BYTES = 16;

const SQLITE: ColumnTypes = {
  id: sql.raw('integer primary key autoincrement'),
  reference: sql.raw('integer'),
  int64: sql.raw('integer'),
  int32: sql.raw('integer'),
  bit: sql.raw('integer'),
  float64: sql.raw('real'),
  longText: sql.raw('text'),
  digest: () => sql.raw('blob'),
  bytes: () => sql.raw('blob'),
  fixedBytes: () => sql.raw('blob'),
  text: () => sql.raw('text'),
  tableOptions: sql.raw(''),
};

const MYSQL: ColumnTypes = {
  id: sql.raw('bigint not null auto_increment primary key'),
  reference: sql.raw('bigint'),
  int64: sql.raw('bigint'),
  int32: sql.raw('int'),
  bit: sql.raw('tinyint'),
  float64: sql.raw('double'),
  longText: sql.raw('longtext character set utf8mb4 collate utf8mb4_bin'),
  digest: () => sql.raw(`binary(${String(DIGEST_BYTES)})`),
  bytes: (maximum) => sql.raw(`varbinary(${String(maximum)})`),
  fixedBytes: (length) => sql.raw(`binary(${String(length)})`),
  text: (maximum) => sql.raw(`varchar(${String(maximum)}) character set utf8mb4 collate utf8mb4_bin`),
  tableOptions: sql.raw('engine = InnoDB row_format = dynamic'),
};

export function columnTypes(dialect: SqlDialect): ColumnTypes {
  return dialect === 'sqlite' ? SQLITE : MYSQL;
}
