import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../test/support/free-port.js';
import type { BenchDatabase } from '../bench-databases.js';
import { DogearServer } from '../served/dogear-server.js';
import type { SuiteContext } from '../suite.js';

export interface RestSizes {
  /**
   * From when the server listens to when its memory is read. It comes to rest after two minutes: threads of SQLite end after
   * one without statements, and the last of them writes into the file, at which the server looks once more.
   */
  readonly waitSeconds: number;
  readonly starts: number;
}

const MB = 1e6;

/** Memory of a server with its defaults that has just been started and is asked nothing, without the bench's probe. */
export async function measureMemoryAtRest(context: SuiteContext, sizes: RestSizes): Promise<void> {
  const { findings, log, mysql, sqlite } = context;
  log('memory at rest');
  const server = await mysql();
  const databases = [sqlite(), ...(server === undefined ? [] : [await server.createDatabase()])];
  // At the same time: servers at rest are not in each other's way.
  const series = await Promise.all(
    databases.map(async (database) => {
      const samples: number[] = [];
      try {
        for (let start = 0; start < sizes.starts; start += 1)
          samples.push(await restOf(context, database, sizes));
      } finally {
        await database.drop();
      }
      const name = `memory at rest: ${database.kind === 'sqlite' ? 'SQLite' : 'MySQL/MariaDB'}`;
      return { suite: 'serve', name, unit: 'MB', samples } as const;
    }),
  );
  findings.series.push(...series);
  findings.targets.push({ target: 'rest-memory', samples: series.flatMap(({ samples }) => samples) });
}

async function restOf(
  { workFolder, log }: SuiteContext,
  { url, kind }: BenchDatabase,
  { waitSeconds }: RestSizes,
): Promise<number> {
  const port = await freePort();
  const server = new DogearServer({ port, databaseUrl: url, workFolder, settings: [] });
  await server.start();
  try {
    await delay(waitSeconds * 1000);
    const bytes = server.residentBytes();
    if (bytes === undefined) throw new Error('/proc does not have the memory of the server');
    log(`  ${kind}: ${Math.round(bytes / MB)} MB`);
    return bytes / MB;
  } finally {
    await server.stop();
  }
}
