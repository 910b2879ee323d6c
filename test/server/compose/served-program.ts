import { onTestFinished } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { type RunningProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

export interface ServedProgram extends RunningProgram {
  readonly port: number;
}

export interface ServeOptions {
  /**
   * Any free one by default, which is looked for here: a port that the server itself chose (`--port 0`) could not be
   * taken again by a second server while connections of the first are in TIME_WAIT.
   */
  readonly port?: number;
  /** `name=value` of settings. */
  readonly settings?: readonly string[];
}

/** `dogear serve` over the database with syncing on, once it listens; killed at the end of the test. */
export async function serveProgram(
  url: string,
  { port, settings = [] }: ServeOptions = {},
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
    { cwd },
  );
  onTestFinished(async () => {
    program.send('SIGKILL');
    await program.result;
  });
  const [, listening = ''] = await program.output('stderr', /"address":"https?:\/\/[^"/]+:(\d+)/);
  return Object.assign(program, { port: Number(listening) });
}
