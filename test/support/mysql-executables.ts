import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

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

/** Searches the PATH, and the folders outside of an ordinary PATH where distributions install servers. */
async function executable(name: string): Promise<string | undefined> {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/libexec',
    '/usr/local/sbin',
  ];
  for (const folder of folders) {
    const path = join(folder, name);
    if (folder !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function mayInstall(): Promise<boolean> {
  if (process.getuid?.() !== 0 || (await executable('apt-get')) === undefined) return false;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
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

async function aptGet(...args: readonly string[]): Promise<void> {
  const exitCode = await run('apt-get', args);
  if (exitCode !== 0) throw new Error(`apt-get ${args.join(' ')} failed. ${WHAT_TO_INSTALL}`);
}

async function stopService(): Promise<void> {
  const script = '/etc/init.d/mariadb';
  if (await isExecutable(script)) await run(script, ['stop']);
}

/** Output goes to standard error, because standard output carries the test report. */
function run(command: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
