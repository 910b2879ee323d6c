import type { SqlDialect } from './store.js';

/**
 * A text for a column of bytes. MySQL takes the text, whose bytes the connection sends as UTF-8, at half of what a
 * buffer costs (it is written out in hexadecimal); SQLite would store a text as another type than bytes, and the two
 * are never equal.
 */
export function textBytes(dialect: SqlDialect, text: string): string | Buffer {
  return dialect === 'sqlite' ? Buffer.from(text) : text;
}
