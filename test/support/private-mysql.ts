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

/** A MySQL server for tests alone. Tests may stop, freeze and start it under load. */
export interface PrivateMysql {
  /** `mysql://user:password@127.0.0.1:port`, without a database. The user has all privileges. */
  readonly url: string;
  /** Of the running server, for signals: SIGSTOP freezes it, SIGCONT lets it go on. Throws when it does not run. */
  readonly processId: number;
  /** Whether it was started and has not ended, by itself or by a signal. */
  readonly isRunning: boolean;
  /** Shuts the server down, or waits for its end when it was killed. The data stays. */
  stop(): Promise<void>;
  /** Starts it again with the same port and data, and resolves when it answers. */
  start(): Promise<void>;
  /** Kills the server and removes all its files. Idempotent. */
  remove(): Promise<void>;
}

const USER = 'dogear';
/** A server starts slowly on a loaded machine. One that takes longer than this will never answer. */
const START_DEADLINE_MS = 120_000;
/** Attempts with another port: another process may take a free port before the server does. */
const PORT_ATTEMPTS = 5;
/** Each worker of Vitest and each program under test opens a pool of connections. */
const MAX_CONNECTIONS = 500;

/** `loose`, because MySQL does not know MariaDB's options. */
const NOT_DURABLE = [
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-doublewrite=OFF',
  '--loose-innodb-flush-method=nosync',
  '--loose-debug-no-sync',
];

export interface PrivateMysqlOptions {
  /** Where the server's folder is made; by default the system's temporary folder. */
  readonly parentFolder?: string;
  /** Added to the environment of the server. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Off: nothing is flushed to the disk, which makes new tables and small transactions quicker. The data survives the end
   * of the server's process all the same, but not that of the machine. Default: the server's own, each commit is flushed.
   */
  readonly isDurable?: boolean;
}

/**
 * Starts a new server in a folder of its own. Both are gone when `remove` was called or this process has ended.
 *
 * @throws Error with the end of the server's log when it does not start
 */
export async function startPrivateMysql(options: PrivateMysqlOptions = {}): Promise<PrivateMysql> {
  const { parentFolder, environment = {}, isDurable = true } = options;
  const executables = await mysqlExecutables();
  const folder = await createRunFolder(parentFolder);
  try {
    const password = randomBytes(12).toString('hex');
    await initialise(executables, folder.path, password);
    for (let attempt = 1; ; attempt++) {
      const server = new Server(executables.server, folder, password, await freePort(), {
        environment,
        isDurable,
      });
      try {
        await server.start();
        return server;
      } catch (error) {
        // The server reports a port in use only in the text of its log.
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
  // The account's host is an address: MariaDB's anonymous users at `localhost` then cannot match first, because the
  // server runs with --skip-name-resolve.
  const account = `'${USER}'@'127.0.0.1'`;
  await writeFile(
    join(folder, 'init.sql'),
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}';\nGRANT ALL ON *.* TO ${account} WITH GRANT OPTION;\n`,
    { mode: 0o600 },
  );
  const data = `--datadir=${join(folder, 'data')}`;
  // A folder of its own, because a server that starts removes temporary files of other servers in a shared one.
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

/** The servers refuse to run as root without this option. It is harmless, because all their files are in one folder. */
function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

class Server implements PrivateMysql {
  readonly url: string;
  readonly #executable: string;
  readonly #folder: RunFolder;
  readonly #port: number;
  readonly #options: Pick<Required<PrivateMysqlOptions>, 'environment' | 'isDurable'>;
  #child: ChildProcess | undefined;

  constructor(
    executable: string,
    folder: RunFolder,
    password: string,
    port: number,
    options: Pick<Required<PrivateMysqlOptions>, 'environment' | 'isDurable'>,
  ) {
    this.#options = options;
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

  get isRunning(): boolean {
    return this.#child !== undefined && !hasEnded(this.#child);
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error('the private MySQL server runs already');
    const log = await open(this.#path('server.log'), 'a');
    // Detached, so that Ctrl-C in the terminal does not stop the server before the tests that use it.
    const child = spawn(this.#executable, this.#arguments(), {
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, ...this.#options.environment },
      detached: true,
    });
    const spawned = once(child, 'spawn');
    // Before the first `await`: a run that is killed now must not leave the server running.
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

  #arguments(): readonly string[] {
    return [
      '--no-defaults',
      ...asRoot(),
      `--datadir=${this.#path('data')}`,
      `--tmpdir=${this.#path('tmp')}`,
      // The default folder of MySQL's packages may be missing, and the server does not start then.
      `--secure-file-priv=${this.#path('tmp')}`,
      `--socket=${this.#path('socket')}`,
      `--pid-file=${this.#path('pid')}`,
      `--init-file=${this.#path('init.sql')}`,
      '--bind-address=127.0.0.1',
      `--port=${this.#port}`,
      '--skip-name-resolve',
      `--max-connections=${MAX_CONNECTIONS}`,
      // MySQL's X protocol would need a second port. `loose`, because MariaDB does not know the option.
      '--loose-mysqlx=OFF',
      ...(this.#options.isDurable ? [] : NOT_DURABLE),
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
