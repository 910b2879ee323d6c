import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { aptGet, executable, isExecutable, mayInstall, runToTheEnd } from './apt.js';

export type MysqlExecutables =
  | { readonly kind: 'mariadb'; readonly server: string; readonly install: string }
  | { readonly kind: 'mysql'; readonly server: string };

const WHAT_TO_INSTALL =
  'The tests need a MySQL server: install mariadb-server (or mysql-server), ' +
  'or set DOGEAR_TEST_MYSQL_URL=mysql://user:password@host:port to one whose databases may be created and dropped.';

/**
 * The MySQL server of this machine, MariaDB before MySQL. Installs MariaDB when there is none, as root on Debian and its
 * relatives.
 *
 * @throws Error that says what to install, when there is no server and none can be installed
 */
export async function mysqlExecutables(): Promise<MysqlExecutables> {
  const found = await installedExecutables();
  if (found !== undefined) return found;
  if (!(await mayInstall())) throw new Error(WHAT_TO_INSTALL);
  await installMariadb();
  const installed = await installedExecutables();
  if (installed === undefined) throw new Error(WHAT_TO_INSTALL);
  return installed;
}

async function installedExecutables(): Promise<MysqlExecutables | undefined> {
  const install = (await executable('mariadb-install-db')) ?? (await executable('mysql_install_db'));
  for (const name of ['mariadbd', 'mysqld']) {
    const server = await executable(name);
    if (server === undefined) continue;
    const { stdout } = await promisify(execFile)(server, ['--no-defaults', '--version']);
    if (!stdout.includes('MariaDB')) return { kind: 'mysql', server };
    if (install !== undefined) return { kind: 'mariadb', server, install };
  }
  return undefined;
}

const POLICY = '/usr/sbin/policy-rc.d';

async function installMariadb(): Promise<void> {
  process.stderr.write('No MySQL server found: installing mariadb-server with apt-get for the tests.\n');
  // Exit code 101 of policy-rc.d keeps the package from starting the system's service. An existing policy is not
  // replaced. It may let the service start, so the service is stopped below.
  const ownPolicy = await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { flag: 'wx', mode: 0o755 }).then(
    () => true,
    () => false,
  );
  try {
    await aptGet('-q', 'update');
    await aptGet('-q', '-y', '--no-install-recommends', 'install', 'mariadb-server');
    if (!ownPolicy) await stopService();
  } finally {
    if (ownPolicy) await rm(POLICY, { force: true });
  }
}

async function stopService(): Promise<void> {
  const script = '/etc/init.d/mariadb';
  if (await isExecutable(script)) await runToTheEnd(script, ['stop']);
}
