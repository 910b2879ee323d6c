import { stat } from 'node:fs/promises';
import { type DatabaseMemory, databaseMemory } from '../database/database-memory.js';
import { type DatabaseProduct, databaseProduct } from '../database/database-product.js';
import type { Store } from '../database/store.js';
import { errorMessage } from '../domain/error-text.js';

/** Something that an operator should know. */
export interface Finding {
  /** `warning`: something works less well, or less safely, than it should. */
  readonly level: 'info' | 'warning';
  /** One word: what it is about. */
  readonly subject: 'memory' | 'mode' | 'reads';
  readonly text: string;
}

export interface DatabaseExamination {
  readonly product: DatabaseProduct;
  readonly findings: readonly Finding[];
}

/**
 * What is to be said of a database that answers. A database whose memory sizes cannot be read answers all the same.
 *
 * @param file of a database that is a file
 */
export async function examineDatabase(store: Store, file: string | undefined): Promise<DatabaseExamination> {
  const product = await databaseProduct(store);
  const memory = await memoryFindings(store);
  return { product, findings: [...memory, ...(file === undefined ? [] : await modeFindings(file))] };
}

async function memoryFindings(store: Store): Promise<readonly Finding[]> {
  try {
    const memory = await databaseMemory(store);
    return memory === undefined ? [] : [memoryFinding(memory)];
  } catch (error) {
    return [{ level: 'warning', subject: 'memory', text: `cannot be read: ${errorMessage(error)}` }];
  }
}

function memoryFinding({ poolBytes, tableBytes, isEnough }: DatabaseMemory): Finding {
  const sizes = `buffer pool of ${mebibytes(poolBytes)}, tables of ${mebibytes(tableBytes)}`;
  if (isEnough) return { level: 'info', subject: 'memory', text: sizes };
  return {
    level: 'warning',
    subject: 'memory',
    text: `${sizes}: too small, reads will wait for the disk; raise innodb_buffer_pool_size (server/OPERATING.md)`,
  };
}

function mebibytes(bytes: number): string {
  return `${String(Math.ceil(bytes / 2 ** 20))} MiB`;
}

/** Older versions left the mode of the file to the umask, usually 0644. New files are 0600. */
async function modeFindings(file: string): Promise<readonly Finding[]> {
  const state = await stat(file).catch(() => undefined); // It was opened a moment ago; nothing is to be said of it.
  if (state === undefined || (state.mode & 0o004) === 0) return [];
  const text = `every user of this machine can read ${file}, with its password hashes: chmod 600 ${file}*`;
  return [{ level: 'warning', subject: 'mode', text }];
}
