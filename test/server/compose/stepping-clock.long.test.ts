import { createConnection } from 'mysql2/promise';
import { it, onTestFinished } from 'vitest';
import { falseClock, type FalseClock } from '../../../bench/served/false-clock.js';
import { migrate } from '../../../server/database/migrate.js';
import { openStore } from '../../../server/database/store.js';
import { installPackage, mayInstall } from '../../support/apt.js';
import { startPrivateMysql } from '../../support/private-mysql.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runAndCheck, seconds } from './fleet-run.js';
import { makeFleet } from './fleet-world.js';
import { serveProgram } from './served-program.js';

/** From the true time, in seconds; each for a second. */
const STEPS = [-3600, 5, -1, 7200, -7200, 0];

it('devices get what was pushed last while the clock of the database steps to and fro', async () => {
  const folder = await temporaryFolder();
  const clock = await installedClock(folder.path);
  const mysql = await startPrivateMysql({ environment: clock.environment });
  onTestFinished(() => mysql.remove());
  const administrator = await createConnection({ uri: mysql.url });
  await administrator.query('create database dogear');
  await administrator.end();
  const url = new URL(mysql.url);
  url.pathname = '/dogear';
  const store = await openStore(url.href);
  onTestFinished(() => store.close());
  await migrate(store);
  const devices = await makeFleet(store, url.href, { users: 20, devicesPerUser: 4 });
  const servers = [await serveProgram(url.href), await serveProgram(url.href)];
  await runAndCheck(store, {
    devices,
    ports: servers.map(({ port }) => port),
    pauseMs: 0,
    meanwhile: async () => {
      for (const step of STEPS) {
        clock.step(step);
        await seconds(1);
      }
    },
  });
});

async function installedClock(folder: string): Promise<FalseClock> {
  let clock = falseClock(folder);
  if (typeof clock === 'string' && (await mayInstall())) {
    await installPackage('faketime');
    clock = falseClock(folder);
  }
  if (typeof clock === 'string') throw new Error(clock);
  return clock;
}
