import { sqlLiteral } from '../database/mysql/sql-literal.js';
import { type Document, parseDocument } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { type Fraction, parseFraction } from './progress.js';

export interface ProgressKey {
  readonly userId: UserId;
  readonly document: Document;
}

export function progressKeyText({ userId, document }: ProgressKey): string {
  return `${String(userId)} ${document}`;
}

/** Keys as a list of pairs for MySQL. */
export function keyList(keys: readonly ProgressKey[]): string {
  return keys.map(({ userId, document }) => `(${String(userId)},${sqlLiteral(document)})`).join();
}

/** Keys as a common table expression `wanted (id, name)` for SQLite. */
export function wantedKeys(keys: readonly ProgressKey[]): {
  readonly text: string;
  readonly cells: unknown[];
} {
  const cells: unknown[] = [];
  for (const { userId, document } of keys) cells.push(userId, Buffer.from(document));
  // Filled up to a power of two by repeating the first key, so that there are few different prepared statements.
  const length = powerOfTwo(keys.length);
  for (let i = keys.length; i < length; i++) cells.push(cells[0], cells[1]);
  return { text: `wanted (id, name) as (values (?, ?)${', (?, ?)'.repeat(length - 1)})`, cells };
}

/** Fills a list of rows up with repetitions, so that few different statements are prepared. */
function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

/** @param text or its UTF-8 bytes */
export function documentOf(text: Buffer | string): Document {
  const document = parseDocument(String(text));
  if (document === undefined) throw new Error('the database holds a document that is not valid');
  return document;
}

export function fractionOf(percentage: number): Fraction {
  const fraction = parseFraction(percentage);
  if (fraction === undefined) throw new Error('the database holds a percentage that is not between 0 and 1');
  return fraction;
}
