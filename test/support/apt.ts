import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Whether the tests may install what they need: as root on Debian and its relatives. */
export async function mayInstall(): Promise<boolean> {
  if (process.getuid?.() !== 0 || (await executable('apt-get')) === undefined) return false;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs a package for the tests, without starting the service that it may bring.
 *
 * @param service its name in /etc/init.d/
 */
export async function installPackage(name: string, service?: string): Promise<void> {
  process.stderr.write(`Installing ${name} with apt-get for the tests.\n`);
  // Exit code 101 of policy-rc.d keeps the package from starting the system's service. An existing policy is not
  // replaced. It may let the service start, so the service is stopped below.
  const ownPolicy = await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { flag: 'wx', mode: 0o755 }).then(
    () => true,
    () => false,
  );
  try {
    await aptInstall(name);
    if (!ownPolicy && service !== undefined) await stopService(`/etc/init.d/${service}`);
  } finally {
    if (ownPolicy) await rm(POLICY, { force: true });
  }
}

/** The lists of packages are fetched only if the package cannot be had without: several packages are installed in one run. */
async function aptInstall(name: string): Promise<void> {
  const install = ['-q', '-y', '--no-install-recommends', 'install', name];
  if ((await runToTheEnd('apt-get', install)) === 0) return;
  await aptGet('-q', 'update');
  await aptGet(...install);
}

async function stopService(script: string): Promise<void> {
  if (await isExecutable(script)) await runToTheEnd(script, ['stop']);
}

async function aptGet(...args: readonly string[]): Promise<void> {
  const exitCode = await runToTheEnd('apt-get', args);
  if (exitCode !== 0) throw new Error(`apt-get ${args.join(' ')} failed with exit code ${String(exitCode)}`);
}

/** Searches the PATH, and the folders outside of an ordinary PATH where distributions install servers. */
export async function executable(name: string): Promise<string | undefined> {
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

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Output goes to standard error, because standard output carries the test report. */
function runToTheEnd(command: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
