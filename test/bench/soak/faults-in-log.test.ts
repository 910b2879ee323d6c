import pino from 'pino';
import { expect, it } from 'vitest';
import { faultsOf } from '../../../bench/soak/faults.js';
import { createSoakDatabase } from '../../../bench/soak/soak-database.js';
import { DogearServer } from '../../../bench/served/dogear-server.js';
import { FaultLog } from '../../../server/compose/fault-log.js';
import { lockedFor } from '../../../server/database/sqlite/sqlite-thread.js';
import { createRunFolder } from '../../support/run-folder.js';

it('a lock of the database is named by the line of the lock alone, and a killed server by none', async () => {
  const folder = await createRunFolder();
  const database = await createSoakDatabase('sqlite', folder.path, { hasDisk: false, hasClock: false });
  try {
    const options = { port: 0, databaseUrl: database.url, workFolder: folder.path, settings: [] };
    const fault = faultsOf(database, new DogearServer(options)).get('database locked');
    const named = typeof fault === 'object' ? fault.named : undefined;
    const lines: string[] = [];
    const log = pino({}, { write: (line) => void lines.push(line) });
    new FaultLog(log).note(lockedFor(500));
    expect(lines).toEqual([expect.stringMatching(named ?? '')]);
    log.info({ stepSeconds: 3600 }, 'the clock of the database stepped 3600 s forth');
    log.info({}, "transactions were in each other's way: a deadlock was found");
    expect(lines.filter((line) => named?.test(line))).toHaveLength(1);
    const killed = faultsOf(database, new DogearServer(options)).get('server killed');
    expect(killed).toMatchObject({ named: undefined });
  } finally {
    await database.remove();
    await folder.remove();
  }
});
