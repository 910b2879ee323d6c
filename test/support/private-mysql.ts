import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { freePort } from './free-port.js';
import { type MysqlExecutables, mysqlExecutables } from './mysql-executables.js';
import { type RunFolder, createRunFolder } from './run-folder.js';

/** A MySQL server of the tests' own, with durable defaults, that may be stopped, frozen and started under load. */
export interface PrivateMysql {
  /** `mysql://user:password@127.0.0.1:port`, without a database; the user may do anything. */
  readonly url: string;
  /** Of the running server; to freeze and thaw it with SIGSTOP and SIGCONT, or to kill it. */
  readonly processId: number;
  /** Ends the server in order (after SIGKILL from outside: waits for its end); the data stays. */
  stop(): Promise<void>;
  /** Starts it again on the same port and data, and returns when it answers. */
  start(): Promise<void>;
  /** Kills the server and removes all its files. Idempotent. */
  remove(): Promise<void>;
}

const USER = 'dogear';
/** A loaded machine needs a while to bring a server up; more than this is a server that never comes. */
const START_DEADLINE_MS = 120_000;
/** Another process may take the free port that was found before the server does. */
const PORT_ATTEMPTS = 5;
/** Every vitest worker and every program under test brings a pool of connections. */
const MAX_CONNECTIONS = 500;

export async function startPrivateMysql(): Promise<PrivateMysql> {
  const executables = await mysqlExecutables();
  const folder = await createRunFolder();
  try {
    const password = randomBytes(12).toString('hex');
    await initialise(executables, folder.path, password);
    for (let attempt = 1; ; attempt++) {
      const server = new Server(executables.server, folder, password, await freePort());
      try {
        await server.start();
        return server;
      } catch (error) {
        if (attempt === PORT_ATTEMPTS || !String(error).includes('Address already in use')) throw error;
      }
    }
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function initialise(executables: MysqlExecutables, folder: string, password: string): Promise<void> {
  await mkdir(join(folder, 'tmp'));
  // By address and not by name: with --skip-name-resolve MariaDB's anonymous users of localhost cannot match first.
  const account = `'${USER}'@'127.0.0.1'`;
  await writeFile(
    join(folder, 'init.sql'),
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}';\nGRANT ALL ON *.* TO ${account} WITH GRANT OPTION;\n`,
    { mode: 0o600 },
  );
  const data = `--datadir=${join(folder, 'data')}`;
  // Another server that starts at the same time would remove what it finds in the system's temporary folder.
  const temporary = `--tmpdir=${join(folder, 'tmp')}`;
  if (executables.kind === 'mariadb') {
    const normal = '--auth-root-authentication-method=normal';
    await promisify(execFile)(executables.install, [
      '--no-defaults',
      data,
      temporary,
      normal,
      '--skip-test-db',
      ...asRoot(),
    ]);
  } else {
    await promisify(execFile)(executables.server, [
      '--no-defaults',
      '--initialize-insecure',
      data,
      temporary,
      ...asRoot(),
    ]);
  }
}

/** The servers refuse to run as root unless told to; in a folder of its own that is harmless. */
function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

class Server implements PrivateMysql {
  readonly url: string;
  readonly #executable: string;
  readonly #folder: RunFolder;
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(executable: string, folder: RunFolder, password: string, port: number) {
    this.#executable = executable;
    this.#folder = folder;
    this.#port = port;
    this.url = `mysql://${USER}:${password}@127.0.0.1:${port}`;
  }

  get processId(): number {
    const processId = this.#child?.pid;
    if (processId === undefined) throw new Error('the private MySQL server is not running');
    return processId;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error('the private MySQL server runs already');
    const log = await open(this.#path('server.log'), 'a');
    // Detached: Ctrl-C in the terminal of the tests must leave the order of the shutdown to the tests.
    const child = spawn(this.#executable, this.#arguments(), {
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    });
    const spawned = once(child, 'spawn');
    // Before anything is awaited: a run that is killed now must not leave the server behind.
    if (child.pid !== undefined) this.#folder.watch(child.pid);
    await Promise.all([spawned, log.close()]);
    this.#child = child;
    child.unref();
    await this.#untilItAnswers(child);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    if (!hasEnded(child)) {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
    if (child.pid !== undefined) this.#folder.forget(child.pid);
    this.#child = undefined;
  }

  remove(): Promise<void> {
    this.#child?.kill('SIGKILL');
    return this.#folder.remove();
  }

  #path(name: string): string {
    return join(this.#folder.path, name);
  }

  /** Durability is left at its default (a commit is flushed): tests and measurements count on it. */
  #arguments(): readonly string[] {
    return [
      '--no-defaults',
      ...asRoot(),
      `--datadir=${this.#path('data')}`,
      `--tmpdir=${this.#path('tmp')}`,
      // The folder that packages of MySQL compile in need not exist, and without it the server does not start.
      `--secure-file-priv=${this.#path('tmp')}`,
      `--socket=${this.#path('socket')}`,
      `--pid-file=${this.#path('pid')}`,
      `--init-file=${this.#path('init.sql')}`,
      '--bind-address=127.0.0.1',
      `--port=${this.#port}`,
      '--skip-name-resolve',
      `--max-connections=${MAX_CONNECTIONS}`,
      // MySQL's second protocol would want a second port; MariaDB does not know the option.
      '--loose-mysqlx=OFF',
    ];
  }

  async #untilItAnswers(child: ChildProcess): Promise<void> {
    const deadlineMs = Date.now() + START_DEADLINE_MS;
    for (;;) {
      if (hasEnded(child)) throw await this.#failure('ended before it answered');
      const answer = await firstAnswer(this.url);
      if (answer === 'ok') return;
      if (Date.now() > deadlineMs) throw await this.#failure(`did not answer: ${answer.message}`);
      await sleep(50);
    }
  }

  async #failure(what: string): Promise<Error> {
    const log = await readFile(this.#path('server.log'), 'utf8');
    await this.stop();
    return new Error(`the private MySQL server ${what}; the end of its log:\n${log.slice(-3000)}`);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function firstAnswer(uri: string): Promise<'ok' | Error> {
  try {
    const connection = await createConnection({ uri, connectTimeout: 2_000 });
    await connection.query('SELECT 1');
    await connection.end();
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
