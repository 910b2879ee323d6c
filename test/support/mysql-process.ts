import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunFolder } from './run-folder.js';

/** A server starts slowly on a loaded machine. One that takes longer than this will never answer. */
const START_DEADLINE_MS = 120_000;

export interface MysqlProcessOptions {
  readonly executable: string;
  /** Kills the process at the end of the run. */
  readonly folder: RunFolder;
  /** Where the server has its log, `server.log`. */
  readonly path: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether the server can be used; otherwise why it cannot. */
  readonly ask: () => Promise<'ok' | Error>;
}

/** The process of a database server that tests stop, kill, freeze and start again. */
export class MysqlProcess {
  readonly #options: MysqlProcessOptions;
  #child: ChildProcess | undefined;

  constructor(options: MysqlProcessOptions) {
    this.#options = options;
  }

  /** Of the running server, for signals. Throws when it does not run. */
  get processId(): number {
    const processId = this.#child?.pid;
    if (processId === undefined) throw new Error('the private MySQL server is not running');
    return processId;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && !hasEnded(this.#child);
  }

  /** Resolves when it answers. @throws Error with the end of its log */
  async start(args: readonly string[]): Promise<void> {
    if (this.#child !== undefined) throw new Error('the private MySQL server runs already');
    const { executable, environment = {}, folder } = this.#options;
    const log = await open(this.#log, 'a');
    // Detached, so that Ctrl-C in the terminal does not stop the server before the tests that use it.
    const child = spawn(executable, args, {
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, ...environment },
      detached: true,
    });
    const spawned = once(child, 'spawn');
    // Before the first `await`: a run that is killed now must not leave the server running.
    // Its whole group: a server of a cluster has children while it copies its data to another one.
    if (child.pid !== undefined) folder.watch(-child.pid);
    await Promise.all([spawned, log.close()]);
    this.#child = child;
    child.unref();
    await this.#untilItAnswers(child);
  }

  /** Shuts the server down, or waits for its end when it was killed. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    if (!hasEnded(child)) {
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    }
    if (child.pid !== undefined) this.#options.folder.forget(-child.pid);
    this.#child = undefined;
  }

  /** Without waiting for its end. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  get #log(): string {
    return join(this.#options.path, 'server.log');
  }

  async #untilItAnswers(child: ChildProcess): Promise<void> {
    const deadlineMs = Date.now() + START_DEADLINE_MS;
    for (;;) {
      if (hasEnded(child)) throw await this.#failure('ended before it answered');
      const answer = await this.#options.ask();
      if (answer === 'ok') return;
      if (Date.now() > deadlineMs) throw await this.#failure(`did not answer: ${answer.message}`);
      await sleep(50);
    }
  }

  async #failure(what: string): Promise<Error> {
    const log = await readFile(this.#log, 'utf8');
    await this.stop();
    return new Error(`the private MySQL server ${what}; the end of its log:\n${log.slice(-3000)}`);
  }
}

/** The servers refuse to run as root without this option. It is harmless, because all their files are in one folder. */
export function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
