import { arch, availableParallelism, platform, release } from 'node:os';
import type { Engine } from '../../engine/index.js';
import type { DatabaseProduct } from '../database/database-product.js';
import type { Store } from '../database/store.js';
import { examineDatabase, type Finding } from './examine-database.js';

/** What a program runs on. */
export interface Machine {
  /** Such as `v22.11.0`. */
  readonly node: string;
  /** Such as `linux 6.1.0 x64`. */
  readonly system: string;
  readonly cores: number;
}

export function thisMachine(): Machine {
  return {
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    cores: availableParallelism(),
  };
}

export interface About {
  readonly machine: Machine;
  readonly database: DatabaseProduct;
  readonly findings: readonly Finding[];
}

/** @param databaseFile of a database that is a file */
export async function getAbout(
  { store, engine }: { readonly store: Store; readonly engine: Pick<Engine, 'reads'> },
  databaseFile: string | undefined,
): Promise<About> {
  const { name, reason } = engine.reads;
  const reads: readonly Finding[] =
    reason === undefined ? [] : [{ level: 'info', subject: 'reads', text: `${name}: ${reason}` }];
  const { product, findings } = await examineDatabase(store, databaseFile);
  return { machine: thisMachine(), database: product, findings: [...reads, ...findings] };
}
