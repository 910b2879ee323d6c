import { executable, installPackage, mayInstall } from './apt.js';

const WHAT_TO_INSTALL = 'The tests of the console behind a reverse proxy need nginx: install it.';

/**
 * nginx of this machine. Installs it when there is none, as root on Debian and its relatives.
 *
 * @throws Error that says what to install, when there is none and none can be installed
 */
export async function nginxExecutable(): Promise<string> {
  const found = await executable('nginx');
  if (found !== undefined) return found;
  if (!(await mayInstall())) throw new Error(WHAT_TO_INSTALL);
  await installPackage('nginx-light', 'nginx');
  const installed = await executable('nginx');
  if (installed === undefined) throw new Error(WHAT_TO_INSTALL);
  return installed;
}
