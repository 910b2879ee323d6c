import { type Browser, chromium } from 'playwright-core';
import { executable, installPackage, isExecutable, mayInstall } from './apt.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const WHAT_TO_INSTALL =
  'The tests of the console need a browser: install chromium, or set CHROME=PATH to the program of Chromium or Chrome.';

/**
 * Chromium or Chrome of this machine: that of CHROME, or one that the PATH has. Installs Chromium when there is none, as
 * root on Debian and its relatives.
 *
 * @throws Error that says what to do, when there is none and none can be installed
 */
export async function chromiumExecutable(): Promise<string> {
  const given = process.env['CHROME'] ?? '';
  if (given !== '') {
    if (await isExecutable(given)) return given;
    throw new Error(`CHROME is ${given}, which is no program that this user may run`);
  }
  const found = await installedChromium();
  if (found !== undefined) return found;
  if (!(await mayInstall())) throw new Error(WHAT_TO_INSTALL);
  await installPackage('chromium');
  const installed = await installedChromium();
  if (installed === undefined) throw new Error(WHAT_TO_INSTALL);
  return installed;
}

async function installedChromium(): Promise<string | undefined> {
  for (const name of NAMES) {
    const path = await executable(name);
    if (path !== undefined) return path;
  }
  return undefined;
}

const FLAGS = [
  // Files in /dev/shm, which containers keep small, become files in the temporary folder.
  '--disable-dev-shm-usage',
  // No name leads anywhere: the pages of the console must not ask another host for anything.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

/** Starts Chromium without a window. It ends with this process. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    // Chromium's sandbox refuses to run as root. The pages are our own.
    chromiumSandbox: process.getuid?.() !== 0,
    args: FLAGS,
  });
}
