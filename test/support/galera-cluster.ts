import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { executable, installPackage, mayInstall } from './apt.js';
import { freePort } from './free-port.js';
import { type MysqlExecutables, mysqlExecutables } from './mysql-executables.js';
import { asRoot, MysqlProcess } from './mysql-process.js';
import { createRunFolder, type RunFolder } from './run-folder.js';

export interface GaleraNode {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly port: number;
  /** Of the running server, for signals. */
  readonly processId: number;
  readonly isRunning: boolean;
  /** Resolves when it is synchronised with the cluster. */
  start(): Promise<void>;
  /** Shuts it down; with SIGKILL, ends it at once. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Cuts its connections to the other nodes, or lets them be made again. Clients go on reaching it. */
  isolate(isCut: boolean): Promise<void>;
  /** Of a stopped node: all its data, so that it copies those of another node when it starts. */
  forgetData(): Promise<void>;
  run(statement: string): Promise<readonly RowDataPacket[]>;
}

/** A cluster of MariaDB servers that all take writes (Galera), for tests alone. */
export interface GaleraCluster {
  readonly nodes: readonly GaleraNode[];
  /** A value of `database.url`. @param nodes in the order in which they are tried; default: all of them */
  url(database: string, nodes?: readonly GaleraNode[]): string;
  /** Kills the servers and removes their files. Idempotent. */
  remove(): Promise<void>;
}

export interface GaleraOptions {
  /**
   * A node that does not answer the others for this long is left out of the cluster. All writes wait meanwhile. On a busy
   * machine a short time leaves out nodes that are well.
   */
  readonly suspectSeconds?: number;
}

const USER = 'dogear';
const PROVIDER = '/usr/lib/galera/libgalera_smm.so';
const WHAT_TO_INSTALL = 'These tests need MariaDB with Galera: install mariadb-server and mariadb-backup.';

/**
 * Starts the nodes one after the other. The first one's data are made and copied to the others, which then have nothing
 * to fetch: a node that is copied to takes ten seconds.
 */
export async function startGaleraCluster(
  size: number,
  { suspectSeconds = 5 }: GaleraOptions = {},
): Promise<GaleraCluster> {
  const executables = await galeraExecutables();
  const folder = await createRunFolder();
  try {
    const password = randomBytes(12).toString('hex');
    const ports: NodePorts[] = [];
    for (let index = 0; index < size; index++) ports.push(await nodePorts());
    const nodes = ports.map(
      (own, index) =>
        new Node(executables.server, folder, {
          name: `n${String(index + 1)}`,
          ports: own,
          group: ports.map(({ group }) => group),
          password,
          suspectSeconds,
        }),
    );
    await startAll(nodes, executables.install);
    return {
      nodes,
      url: (database, some = nodes) =>
        `mysql://${USER}:${password}@${some.map(({ address }) => address).join(',')}/${database}`,
      remove: async () => {
        for (const node of nodes) node.kill();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function galeraExecutables(): Promise<Extract<MysqlExecutables, { kind: 'mariadb' }>> {
  const executables = await mysqlExecutables();
  if (executables.kind !== 'mariadb') throw new Error(WHAT_TO_INSTALL);
  // Debian's mariadb-server brings the provider and socat. The nodes copy their data with this one.
  if ((await executable('mariabackup')) === undefined) {
    if (!(await mayInstall())) throw new Error(WHAT_TO_INSTALL);
    await installPackage('mariadb-backup');
  }
  return executables;
}

async function startAll(nodes: readonly Node[], install: string): Promise<void> {
  const [first, ...others] = nodes;
  if (first === undefined) return;
  for (const node of nodes) await node.configure();
  await promisify(execFile)(install, [
    '--no-defaults',
    `--datadir=${first.data}`,
    `--tmpdir=${first.temporary}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    ...asRoot(),
  ]);
  await first.makeAccounts();
  for (const other of others) await cp(first.data, other.data, { recursive: true });
  await first.bootstrap();
  for (const other of others) await other.start();
}

interface NodePorts {
  readonly clients: number;
  /** For what the nodes say to each other. */
  readonly group: number;
  /** For the changes that a node missed. */
  readonly changes: number;
  /** For a copy of all data. */
  readonly copy: number;
}

async function nodePorts(): Promise<NodePorts> {
  return {
    clients: await freePort(),
    group: await freePort(),
    changes: await freePort(),
    copy: await freePort(),
  };
}

interface NodeOptions {
  readonly name: string;
  readonly ports: NodePorts;
  /** Of all nodes. */
  readonly group: readonly number[];
  readonly password: string;
  readonly suspectSeconds: number;
}

class Node implements GaleraNode {
  readonly address: string;
  readonly port: number;
  readonly data: string;
  readonly temporary: string;
  readonly #folder: string;
  readonly #options: NodeOptions;
  readonly #process: MysqlProcess;

  constructor(server: string, folder: RunFolder, options: NodeOptions) {
    this.#options = options;
    this.port = options.ports.clients;
    this.address = `127.0.0.1:${String(this.port)}`;
    this.#folder = join(folder.path, options.name);
    this.data = join(this.#folder, 'data');
    this.temporary = join(this.#folder, 'tmp');
    this.#process = new MysqlProcess({
      executable: server,
      folder,
      path: this.#folder,
      ask: () => this.#isSynchronised(),
    });
  }

  get processId(): number {
    return this.#process.processId;
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  async configure(): Promise<void> {
    await mkdir(this.temporary, { recursive: true });
    await writeFile(this.#configuration, this.#settings(), { mode: 0o600 });
  }

  /** Starts a cluster that nobody else has joined, with the accounts, and ends it again. */
  async makeAccounts(): Promise<void> {
    await this.bootstrap();
    const { password } = this.#options;
    const account = `${USER}@'127.0.0.1'`;
    for (const statement of [
      `create user copier@localhost identified by '${password}'`,
      'grant reload, process, lock tables, binlog monitor, replica monitor on *.* to copier@localhost',
      `create user ${account} identified by '${password}'`,
      `grant all on *.* to ${account}`,
    ])
      await this.#query('root', statement);
    await this.stop();
  }

  bootstrap(): Promise<void> {
    return this.#process.start([...this.#arguments(), '--wsrep-new-cluster']);
  }

  start(): Promise<void> {
    return this.#process.start(this.#arguments());
  }

  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    return this.#process.stop(signal);
  }

  kill(): void {
    this.#process.kill();
  }

  async isolate(isCut: boolean): Promise<void> {
    await this.run(`set global wsrep_provider_options = 'gmcast.isolate=${isCut ? '1' : '0'}'`);
  }

  async forgetData(): Promise<void> {
    await rm(join(this.data, 'grastate.dat'));
    await rm(join(this.data, 'galera.cache'), { force: true });
  }

  run(statement: string): Promise<readonly RowDataPacket[]> {
    return this.#query(USER, statement);
  }

  get #configuration(): string {
    return join(this.#folder, 'my.cnf');
  }

  #arguments(): readonly string[] {
    // A file, because the programs that copy data read their settings from it.
    return [`--defaults-file=${this.#configuration}`, ...asRoot()];
  }

  #settings(): string {
    const { name, ports, group, password, suspectSeconds } = this.#options;
    const provider = [
      `gmcast.listen_addr=tcp://127.0.0.1:${String(ports.group)}`,
      `ist.recv_addr=127.0.0.1:${String(ports.changes)}`,
      `evs.suspect_timeout=PT${String(suspectSeconds)}S`,
      `evs.inactive_timeout=PT${String(suspectSeconds * 2)}S`,
      'evs.keepalive_period=PT0.5S',
      'evs.inactive_check_period=PT0.5S',
      'gcache.size=64M',
    ];
    return `[mysqld]
datadir=${this.data}
tmpdir=${this.temporary}
socket=${this.#socket}
pid-file=${join(this.#folder, 'pid')}
port=${String(ports.clients)}
bind-address=127.0.0.1
skip-name-resolve
max-connections=500
innodb-buffer-pool-size=64M
innodb-flush-log-at-trx-commit=0
innodb-autoinc-lock-mode=2
binlog-format=ROW
wsrep-on=ON
wsrep-provider=${PROVIDER}
wsrep-cluster-name=dogear
wsrep-cluster-address=gcomm://${group.map((port) => `127.0.0.1:${String(port)}`).join(',')}
wsrep-node-name=${name}
wsrep-node-address=127.0.0.1:${String(ports.group)}
wsrep-sst-method=mariabackup
wsrep-sst-auth=copier:${password}
wsrep-sst-receive-address=127.0.0.1:${String(ports.copy)}
wsrep-provider-options="${provider.join(';')}"
[sst]
sst-syslog=0
`;
  }

  get #socket(): string {
    return join(this.#folder, 'socket');
  }

  async #isSynchronised(): Promise<'ok' | Error> {
    try {
      const [row] = await this.#query('root', "show global status like 'wsrep_local_state_comment'");
      const state = String(row?.['Value']);
      return state === 'Synced' ? 'ok' : new Error(`it is not synchronised: ${state}`);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** As root over the socket, or as the user whom the tests get. */
  async #query(user: 'root' | typeof USER, statement: string): Promise<readonly RowDataPacket[]> {
    const connection = await createConnection(
      user === 'root'
        ? { socketPath: this.#socket, user, connectTimeout: 2000 }
        : { host: '127.0.0.1', port: this.port, user, password: this.#options.password },
    );
    try {
      const [rows] = await connection.query<RowDataPacket[]>(statement);
      return rows;
    } finally {
      await connection.end();
    }
  }
}
