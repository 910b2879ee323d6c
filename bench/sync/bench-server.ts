import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { type Checkout, programFile } from '../checkout.js';
import { environmentWithoutDogear } from '../../test/support/program.js';
import { killedWithBench } from '../child-process.js';
import { atModules, type CpuProfile, cpuProfile } from './cpu-profile.js';

const serverReading = z.object({
  /** Both are 0 unless `reset` asked for the event loop. */
  longestBlockMs: z.number(),
  blockP999Ms: z.number(),
  cpuSeconds: z.number(),
});
export type ServerReading = z.infer<typeof serverReading>;

export interface BenchServerOptions {
  readonly checkout: Checkout;
  readonly databaseUrl: string;
  /** Where it runs; holds no configuration. */
  readonly workFolder: string;
  /** Further settings, `name=value`. Default: none. */
  readonly settings?: readonly string[];
}

const START_DEADLINE_MS = 60_000;

/** `dogear serve` with its defaults (but for the port and what the options say), as a child process. To be stopped. */
export class BenchServer {
  readonly port: number;
  readonly processId: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    const { pid } = child;
    if (pid === undefined) throw new Error('a server that listens has a process');
    this.#child = child;
    this.port = port;
    this.processId = pid;
  }

  static async start(options: BenchServerOptions): Promise<BenchServer> {
    const { checkout, databaseUrl, workFolder, settings: further = [] } = options;
    const probe = new URL('../probes/server-probe.js', import.meta.url).href;
    const settings = [
      'server.host=127.0.0.1',
      'server.port=0',
      'enable_koreader_sync=true',
      'log.format=json',
      ...further,
    ];
    const child = spawn(
      process.execPath,
      [
        '--import',
        probe,
        programFile(checkout),
        '--database',
        databaseUrl,
        ...settings.flatMap((setting) => ['--set', setting]),
        'serve',
      ],
      { cwd: workFolder, env: environmentWithoutDogear(), stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
    );
    killedWithBench(child);
    return new BenchServer(child, await portOf(child));
  }

  /** Starts the interval that the next `read` covers. */
  reset(what: 'cpu' | 'cpu and event loop'): void {
    this.#child.send(what === 'cpu' ? 'reset-cpu' : 'reset');
  }

  async read(): Promise<ServerReading> {
    const answer = once(this.#child, 'message');
    this.#child.send('read');
    return serverReading.parse((await answer)[0]);
  }

  async beginProfile(): Promise<void> {
    const begun = once(this.#child, 'message');
    this.#child.send('profile');
    await begun;
  }

  async endProfile(): Promise<CpuProfile> {
    const answer = once(this.#child, 'message');
    this.#child.send('end-profile');
    return atModules(cpuProfile.parse(JSON.parse(String((await answer)[0]))));
  }

  /** @throws Error when it does not exit with 0 */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exit;
    }
    if (this.#child.exitCode !== 0) {
      throw new Error(
        `the server ended with ${this.#child.signalCode ?? `exit code ${this.#child.exitCode}`}`,
      );
    }
  }
}

/** The port is in the log line of the listening server. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = '';
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the server does not listen: ${log.slice(-2000)}`));
    }, START_DEADLINE_MS);
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-10_000);
      const port = /"address":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(log)?.[1];
      if (port === undefined) return;
      clearTimeout(deadline);
      resolve(Number(port));
    });
    child.once('exit', () => {
      clearTimeout(deadline);
      reject(new Error(`the server ended before it listened: ${log.slice(-2000)}`));
    });
  });
}
