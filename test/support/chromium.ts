import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
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

export interface BrowserOptions {
  /** For servers with a certificate that nobody signed. */
  readonly takesAnyCertificate?: boolean;
}

/** How Chromium is started without a window. */
export function chromiumOptions(executablePath: string, options: BrowserOptions = {}): LaunchOptions {
  return {
    executablePath,
    // Chromium's sandbox refuses to run as root. The pages are our own.
    chromiumSandbox: process.getuid?.() !== 0,
    // As a flag and not for a context: a shared worker belongs to none.
    args: [...FLAGS, ...(options.takesAnyCertificate === true ? ['--ignore-certificate-errors'] : [])],
  };
}

/** Starts it. It ends with this process. */
export function launchChromium(executablePath: string, options: BrowserOptions = {}): Promise<Browser> {
  return chromium.launch(chromiumOptions(executablePath, options));
}
