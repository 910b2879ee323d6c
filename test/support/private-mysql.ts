import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { freePort } from './free-port.js';
import { type MysqlExecutables, mysqlExecutables } from './mysql-executables.js';
import { asRoot, MysqlProcess } from './mysql-process.js';
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

class Server implements PrivateMysql {
  readonly url: string;
  readonly #folder: RunFolder;
  readonly #port: number;
  readonly #isDurable: boolean;
  readonly #process: MysqlProcess;

  constructor(
    executable: string,
    folder: RunFolder,
    password: string,
    port: number,
    { environment, isDurable }: Pick<Required<PrivateMysqlOptions>, 'environment' | 'isDurable'>,
  ) {
    this.#isDurable = isDurable;
    this.#folder = folder;
    this.#port = port;
    this.url = `mysql://${USER}:${password}@127.0.0.1:${port}`;
    const ask = () => firstAnswer(this.url);
    this.#process = new MysqlProcess({ executable, folder, path: folder.path, environment, ask });
  }

  get processId(): number {
    return this.#process.processId;
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  start(): Promise<void> {
    return this.#process.start(this.#arguments());
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  remove(): Promise<void> {
    this.#process.kill();
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
      ...(this.#isDurable ? [] : NOT_DURABLE),
    ];
  }
}

/** Whether a server answers. */
export async function firstAnswer(uri: string): Promise<'ok' | Error> {
  try {
    const connection = await createConnection({ uri, connectTimeout: 2_000 });
    await connection.query('SELECT 1');
    await connection.end();
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
