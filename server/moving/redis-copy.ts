import { type ChildProcess, spawn } from 'node:child_process';
import { constants, rmSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, errorMessage } from '../domain/error-text.js';
import { MoveError } from './move-error.js';
import { redisAtSocket, type RedisAddress, withRedis } from './redis-source.js';

/** By the names that distributions use. Valkey reads the files of Redis up to 7.2. */
const SERVERS = ['redis-server', 'valkey-server'];
const HOW_TO_INSTALL =
  'Reading a file of Redis needs redis-server on this machine: "apt-get install redis-server" on Debian and Ubuntu, ' +
  '"dnf install valkey" on Fedora, "brew install redis" on macOS. Or give the address of the running Redis instead of the file.';
const ASK_EVERY_MS = 50;
/** More than anybody sets. */
const MOST_DATABASES = 1024;
/** Enough for what the server says last. */
const KEPT_OUTPUT = 4000;

/** What is meant as an address: `localhost:6379`, or that of the sync server itself. */
const ADDRESS = /^(?:\w+:\/|[\w.-]+:\d+)/;

const APPEND_FOLDER = 'appendonlydir';
const APPEND_FILE = 'appendonly.aof';
const SNAPSHOT_FILE = 'dump.rdb';

export interface RedisCopyOptions {
  readonly database: number | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Reads the files of a Redis that does not run: an RDB snapshot, an append-only file of Redis before 7, the folder of one
 * since 7 (`appendonlydir`), or the folder of all data. Redis itself reads them: it is started on a copy in a folder of its
 * own, at a socket that nobody else can open, and ended afterwards. The files stay as they are.
 *
 * @throws MoveError
 */
export async function withRedisCopy<Result>(
  source: string,
  { database, signal }: RedisCopyOptions,
  work: (address: RedisAddress) => Promise<Result>,
): Promise<Result> {
  const files = await filesAt(source);
  const folder = await mkdtemp(path.join(tmpdir(), 'dogear-redis-'));
  // A second signal ends the process at once: neither a server nor what readers log in with may stay behind.
  const removeAtExit = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeAtExit);
  try {
    await copyFiles(files, folder);
    const server = await startRedis(folder, files.kind === 'snapshot' ? undefined : files.appendName);
    try {
      const address = redisAtSocket(path.join(folder, 'socket'), source, database);
      await untilLoaded(server, address, source, signal);
      return await work(address);
    } finally {
      await stopRedis(server);
    }
  } finally {
    process.removeListener('exit', removeAtExit);
    await rm(folder, { recursive: true, force: true });
  }
}

type RedisFiles =
  | { readonly kind: 'snapshot'; readonly path: string }
  | { readonly kind: 'append-file'; readonly path: string; readonly appendName: string }
  | { readonly kind: 'append-folder'; readonly path: string; readonly appendName: string };

async function filesAt(source: string): Promise<RedisFiles> {
  try {
    const found = await stat(source);
    return found.isDirectory() ? await filesOfFolder(source) : await fileOfRedis(source);
  } catch (error) {
    if (error instanceof MoveError) throw error;
    if (ADDRESS.test(source)) {
      throw new MoveError(
        `There is no file ${shownSource(source)}. Give an address in the form redis://127.0.0.1:6379/1: that of Redis, not that of the sync server.`,
      );
    }
    throw new MoveError(
      errorCode(error) === 'ENOENT'
        ? `There is no file or folder ${shownSource(source)}. Give dump.rdb or appendonlydir of Redis, or an address such as redis://127.0.0.1:6379/1.`
        : `${source} cannot be read: ${errorMessage(error)}.`,
      error,
    );
  }
}

/** Without what is a user name and a password if an address was meant. */
function shownSource(source: string): string {
  return source.replace(/[^/]*:.*@/, '***@');
}

/** Of snapshot and append-only files, Redis itself takes the latter: they are newer. */
async function filesOfFolder(folder: string): Promise<RedisFiles> {
  const names = await readdir(folder);
  const manifest = names.find((name) => name.endsWith('.manifest'));
  if (manifest !== undefined) {
    return {
      kind: 'append-folder',
      path: folder,
      appendName: manifest.slice(0, -'.manifest'.length),
    };
  }
  for (const name of [APPEND_FOLDER, APPEND_FILE, SNAPSHOT_FILE]) {
    if (names.includes(name)) return filesAt(path.join(folder, name));
  }
  throw new MoveError(
    `The folder ${folder} holds no ${SNAPSHOT_FILE}, no ${APPEND_FILE} and no ${APPEND_FOLDER}. ` +
      "Give the folder of Redis' data: /var/lib/redis in the container of koreader-sync-server.",
  );
}

async function fileOfRedis(file: string): Promise<RedisFiles> {
  const name = path.basename(file);
  if (/\.(?:base|incr)\.(?:rdb|aof)$|\.manifest$/.test(name)) {
    throw new MoveError(
      `${file} is only a part of an append-only file. Give its folder, ${path.dirname(file)}.`,
    );
  }
  const start = await firstBytes(file);
  if (name.endsWith('.aof') || start.startsWith('*')) {
    return { kind: 'append-file', path: file, appendName: APPEND_FILE };
  }
  if (start.startsWith('REDIS') || start.startsWith('VALKEY')) return { kind: 'snapshot', path: file };
  throw new MoveError(
    `${file} is no file of Redis: a snapshot begins with "REDIS", and the name of an append-only file ends in ".aof".`,
  );
}

async function firstBytes(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function copyFiles(files: RedisFiles, folder: string): Promise<void> {
  const to = {
    snapshot: SNAPSHOT_FILE,
    'append-file': APPEND_FILE,
    'append-folder': APPEND_FOLDER,
  }[files.kind];
  try {
    if (files.kind === 'append-folder') {
      await mkdir(path.join(folder, to));
      for (const name of await readdir(files.path)) {
        if (!name.startsWith(`${files.appendName}.`)) continue;
        // Of a link, what it leads to: Redis writes to the last file, and the original must stay as it is.
        await copyFile(path.join(files.path, name), path.join(folder, to, name), constants.COPYFILE_FICLONE);
      }
    } else await copyFile(files.path, path.join(folder, to), constants.COPYFILE_FICLONE);
  } catch (error) {
    const way = errorCode(error) === 'ENOSPC' ? ' TMPDIR names another folder for the copy.' : '';
    throw new MoveError(`${files.path} cannot be copied to ${folder}: ${errorMessage(error)}.${way}`, error);
  }
}

interface RedisProcess {
  readonly child: ChildProcess;
  /** What it said last. */
  output(): string;
  hasEnded(): boolean;
}

/**
 * An append-only file is a list of commands, and Redis runs whatever it lists: with these it could write any file, load a
 * library or call another server. koreader-sync-server needs none of them. All are known to Redis since version 4, which
 * does not start when it is told of a command that it does not know.
 */
const REFUSED_COMMANDS = [
  'bgrewriteaof',
  'bgsave',
  'config',
  'debug',
  'eval',
  'evalsha',
  'migrate',
  'module',
  'psync',
  'save',
  'script',
  'shutdown',
  'slaveof',
  'sync',
];

/** @param appendName of the append-only file, where there is one */
async function startRedis(folder: string, appendName: string | undefined): Promise<RedisProcess> {
  const lines = [
    // Nobody else reaches it: the folder is this user's alone.
    'port 0',
    `unixsocket ${configText(path.join(folder, 'socket'))}`,
    'unixsocketperm 700',
    `dir ${configText(folder)}`,
    `dbfilename ${SNAPSHOT_FILE}`,
    'save ""',
    `databases ${String(MOST_DATABASES)}`,
    'auto-aof-rewrite-percentage 0',
    // The last command of a server that was killed may be cut.
    'aof-load-truncated yes',
    ...REFUSED_COMMANDS.map((command) => `rename-command ${command} ""`),
    ...(appendName === undefined ? [] : ['appendonly yes', `appendfilename ${configText(appendName)}`]),
  ];
  for (const name of SERVERS) {
    const started = await spawned(name, `${lines.join('\n')}\n`);
    if (started !== undefined) return started;
  }
  throw new MoveError(HOW_TO_INSTALL);
}

/** A text in a configuration file of Redis. A line break in the name of a file begins no line there. */
function configText(text: string): string {
  return JSON.stringify(text);
}

/** @returns `undefined` when there is no such program */
async function spawned(name: string, configuration: string): Promise<RedisProcess | undefined> {
  // "-": the configuration comes from standard input.
  const child = spawn(name, ['-'], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined).end(configuration);
  let output = '';
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT);
    });
  }
  const killAtExit = (): boolean => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  child.once('exit', () => {
    hasEnded = true;
    process.removeListener('exit', killAtExit);
  });
  const error = await new Promise<unknown>((resolve) => {
    child.once('spawn', () => resolve(undefined));
    child.once('error', (failure) => resolve(failure));
  });
  if (error !== undefined) process.removeListener('exit', killAtExit);
  if (errorCode(error) === 'ENOENT') return undefined;
  if (error !== undefined) throw new MoveError(`${name} does not start: ${errorMessage(error)}.`, error);
  return { child, output: () => output, hasEnded: () => hasEnded };
}

/** A gigabyte takes Redis some ten seconds. It ends when it cannot read the file. */
async function untilLoaded(
  server: RedisProcess,
  address: RedisAddress,
  source: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    if (server.hasEnded()) {
      throw new MoveError(`Redis cannot read ${source}: ${lastWords(server.output())}`);
    }
    const isLoaded = await withRedis(address, (client) => client.ping()).then(
      () => true,
      () => false,
    );
    if (isLoaded) return;
    await delay(ASK_EVERY_MS);
  }
}

/** The last line that Redis marks as a warning, without process id and time. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const warning = lines.findLast((line) => line.includes(' # ')) ?? lines.at(-1) ?? 'it ended at once';
  return warning.replace(/^.*? # /, '');
}

async function stopRedis(server: RedisProcess): Promise<void> {
  if (server.hasEnded()) return;
  const { child } = server;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  // Nothing of the copy is kept.
  child.kill('SIGKILL');
  await ended;
}
