import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { executable, installPackage, mayInstall } from './apt.js';

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
  await installPackage('mariadb-server', 'mariadb');
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
