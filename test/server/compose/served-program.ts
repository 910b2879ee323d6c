import { onTestFinished } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { type RunningProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

export interface ServedProgram extends RunningProgram {
  readonly port: number;
}

export interface ServeOptions {
  /**
   * A free port by default. It is chosen here and not by the server (`--port 0`), because a second server could not
   * take such a port again while connections of the first are in TIME_WAIT.
   */
  readonly port?: number;
  /** `name=value` of settings. */
  readonly settings?: readonly string[];
  readonly openFiles?: number;
  /** For Node.js, before the program's own. */
  readonly nodeArguments?: readonly string[];
}

/** Starts `dogear serve` with syncing on and waits until it listens. It is killed at the end of the test. */
export async function serveProgram(
  url: string,
  { port, settings = [], openFiles, nodeArguments = [] }: ServeOptions = {},
): Promise<ServedProgram> {
  const { path: cwd } = await temporaryFolder();
  const sets = ['enable_koreader_sync=true', 'log.format=json', ...settings].flatMap((set) => ['--set', set]);
  const program = startProgram(
    [
      'serve',
      '--host',
      '127.0.0.1',
      '--port',
      String(port ?? (await freePort())),
      '--database',
      url,
      ...sets,
    ],
    { cwd, nodeArguments, ...(openFiles === undefined ? {} : { openFiles }) },
  );
  onTestFinished(async () => {
    program.send('SIGKILL');
    await program.result;
  });
  const [, listening = ''] = await program.output('stderr', /"address":"https?:\/\/[^"/]+:(\d+)/);
  return Object.assign(program, { port: Number(listening) });
}
