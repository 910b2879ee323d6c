import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { killedWithBench } from '../child-process.js';
import { processMemoryBytes } from '../process-figures.js';
import { programFile, THIS_CHECKOUT } from '../checkout.js';
import { environmentWithoutDogear } from '../../test/support/program.js';

export interface DogearServerOptions {
  readonly port: number;
  readonly databaseUrl: string;
  /** Where it runs; holds no configuration. */
  readonly workFolder: string;
  /** `name=value`, added to those that every server here has. */
  readonly settings: readonly string[];
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The log is appended to this file too. */
  readonly logFile?: string;
}

const START_DEADLINE_MS = 60_000;
/** A server ends within its `server.shutdown_seconds`, 10 by default, and two more. A loaded machine takes longer. */
const STOP_DEADLINE_MS = 30_000;
/** Lines that are kept until `takeLog`. Some minutes of the densest log; older lines go. */
const MOST_LINES = 100_000;

/** The built `dogear serve` as a child process, which may be killed and started again on the same port. */
export class DogearServer {
  readonly #options: DogearServerOptions;
  #child: ChildProcess | undefined;
  #log: string[] = [];

  constructor(options: DogearServerOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#options.port;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && !hasEnded(this.#child);
  }

  /** Resolves when the server listens. */
  async start(): Promise<void> {
    const { databaseUrl, workFolder, settings, environment, port } = this.#options;
    const sets = ['enable_koreader_sync=true', 'log.format=json', ...settings];
    const child = spawn(
      process.execPath,
      [
        programFile(THIS_CHECKOUT),
        'serve',
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--database',
        databaseUrl,
        ...sets.flatMap((setting) => ['--set', setting]),
      ],
      {
        cwd: workFolder,
        env: { ...environmentWithoutDogear(), ...environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    killedWithBench(child);
    this.#child = child;
    await this.#untilItListens(child, child.stderr);
  }

  /** Kills it without warning, as a power cut does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** @throws Error when it does not exit with 0 */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    if (!hasEnded(child)) {
      const exit = once(child, 'exit');
      const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      child.kill('SIGTERM');
      await exit;
      clearTimeout(deadline);
    }
    if (child.exitCode !== 0) {
      throw new Error(`the server ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`);
    }
  }

  /** The lines of the log since the last call, or since the start. */
  takeLog(): readonly string[] {
    const lines = this.#log;
    this.#log = [];
    return lines;
  }

  /** Memory in use. `undefined` while it does not run, and on systems without /proc. */
  residentBytes(): number | undefined {
    if (!this.isRunning) return undefined;
    try {
      return processMemoryBytes(this.#child?.pid ?? 0);
    } catch {
      return undefined;
    }
  }

  #untilItListens(child: ChildProcess, log: Readable): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`the server does not listen: ${this.#lastLines()}`));
      }, START_DEADLINE_MS);
      createInterface({ input: log }).on('line', (line) => {
        this.#keep(line);
        if (!LISTENING.test(line)) return;
        clearTimeout(deadline);
        resolve();
      });
      child.once('exit', () => {
        clearTimeout(deadline);
        reject(new Error(`the server ended before it listened: ${this.#lastLines()}`));
      });
    });
  }

  #keep(line: string): void {
    this.#log.push(line);
    if (this.#log.length > MOST_LINES) this.#log.splice(0, MOST_LINES / 2);
    const { logFile } = this.#options;
    if (logFile !== undefined) appendFileSync(logFile, `${line}\n`);
  }

  #lastLines(): string {
    return this.#log.slice(-20).join('\n');
  }
}

/** The line that a server logs when it takes requests. */
const LISTENING = /"address":"http:\/\/127\.0\.0\.1:\d+/;

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
