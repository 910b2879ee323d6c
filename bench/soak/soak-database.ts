import Database from 'libsql';
import { join } from 'node:path';
import { createRunFolder } from '../../test/support/run-folder.js';
import { type PrivateMysql, startPrivateMysql } from '../../test/support/private-mysql.js';
import { asAdministrator, type DatabaseKind } from '../bench-databases.js';
import { type FalseClock, falseClock } from '../served/false-clock.js';
import { type DiskInFolder, mountDiskInFolder } from '../served/small-disk.js';

/** A new database that can be hurt. A sentence instead of a part says why this machine cannot have it. */
export interface SoakDatabase {
  readonly url: string;
  readonly disk: DiskInFolder | string;
  /** The clock that decides which of two pushes is the newer one. */
  readonly clock: FalseClock | string;
  /** The process of MySQL or MariaDB. */
  readonly server: PrivateMysql | undefined;
  /** For the process of Dogear. */
  readonly environment: Readonly<Record<string, string>>;
  /** The SQLite file. */
  readonly file: string | undefined;
  remove(): Promise<void>;
}

/** MariaDB's own files take 170 MB, and a SQLite file begins empty. */
const DISK_MEGABYTES: Readonly<Record<DatabaseKind, number>> = { sqlite: 64, mysql: 384 };

export interface DatabaseMeans {
  /** Whether the database gets a small disk and a false clock, where they can be had. */
  readonly hasDisk: boolean;
  readonly hasClock: boolean;
}

export async function createSoakDatabase(
  kind: DatabaseKind,
  workFolder: string,
  { hasDisk, hasClock }: DatabaseMeans,
): Promise<SoakDatabase> {
  const disk = hasDisk ? mountDiskInFolder(DISK_MEGABYTES[kind]) : 'not asked for';
  const clock = hasClock ? falseClock(workFolder) : 'not asked for';
  const environment = typeof clock === 'string' ? {} : clock.environment;
  const parts = { disk, clock };
  const unmount = (): void => {
    if (typeof disk !== 'string') disk.remove();
  };
  const parentFolder = typeof disk === 'string' ? workFolder : disk.path;
  try {
    switch (kind) {
      case 'sqlite': {
        const folder = await createRunFolder(parentFolder);
        const file = join(folder.path, 'dogear.db');
        const remove = async (): Promise<void> => {
          await folder.remove();
          unmount();
        };
        // SQLite has no clock of its own: that of Dogear's process counts.
        return { ...parts, url: `sqlite:${file}`, file, server: undefined, environment, remove };
      }
      case 'mysql': {
        const server = await startPrivateMysql({ parentFolder, environment });
        const remove = async (): Promise<void> => {
          await server.remove();
          unmount();
        };
        try {
          await asAdministrator(server.url, (connection) => connection.query('CREATE DATABASE soak'));
        } catch (error) {
          await server.remove();
          throw error;
        }
        return { ...parts, url: `${server.url}/soak`, file: undefined, server, environment: {}, remove };
      }
      default:
        return kind satisfies never;
    }
  } catch (error) {
    unmount();
    throw error;
  }
}

/** For the writes of the server, between which the lock is taken. */
const LOCK_WAIT_MS = 5000;

/** Another program that writes to the SQLite file and does not end. @returns ends it */
export function lockDatabase(file: string): () => void {
  const database = new Database(file, { timeout: LOCK_WAIT_MS });
  database.exec('BEGIN IMMEDIATE');
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}
