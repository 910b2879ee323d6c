import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCode, errorMessage } from '../domain/error-text.js';
import { ListenError } from './listen-error.js';

/**
 * The types of the part of uWebSockets.js that Dogear uses; the packages on the registry carry none. They describe how
 * the binaries of 20.51.4 and 20.69.0 behave, according to their source and to experiments.
 *
 * Lifetimes. Using a value after its end throws an exception or crashes the process:
 *
 * | Value | Valid |
 * |---|---|
 * | `NativeRequest` | until the handler that got it returns |
 * | `NativeResponse` | until `end`, a complete `tryEnd`, `close`, or the abort handler |
 * | chunk of `onData` | until the callback returns; then its memory is reused |
 *
 * A response that is not ended before the handler returns needs an abort handler. A request that arrives on a connection
 * while the one before it is unanswered (HTTP pipelining) closes the connection. So does the end of the sending half: what
 * arrived before it is aborted. Only the abort handler tells of either.
 */
export interface NativeRequest {
  /** Lower case. */
  getMethod(): string;
  /** The part before `?`, undecoded; bytes that are not UTF-8 are replaced by U+FFFD. */
  getUrl(): string;
  /** The part after `?`, undecoded. `undefined`: the address has no `?`. */
  getQuery(): string | undefined;
  /** One character for each byte (Latin-1); `''` when absent. Bytes above 0x7F at either end are trimmed like spaces. */
  getHeader(lowerCaseName: string): string;
  /** Every header line in order, names in lower case. The only way to see a second line with the same name. */
  forEach(visit: (lowerCaseName: string, value: string) => void): void;
}

export interface NativeResponse {
  /** At most once, before anything else is written. Without it the status is 200. */
  writeStatus(status: string): NativeResponse;
  writeHeader(name: string, value: string): NativeResponse;
  /** A part of an answer of unknown length (chunked). @returns `false`: wait for `onWritable` before more */
  write(chunk: string | Uint8Array): boolean;
  /**
   * Buffers what the socket does not take.
   *
   * @param closeConnection when everything is sent; forgotten if another request arrives before
   */
  end(body?: string | Uint8Array, closeConnection?: boolean): NativeResponse;
  /**
   * Sends as much of the whole body as the socket takes, after the head, and buffers nothing of the body. After
   * `onWritable` it is called with the rest of the body.
   *
   * @param totalBytes length of the whole body; 0: `body` is all of it
   * @returns whether the socket took everything, and whether the answer is complete: then the response is at its end
   */
  tryEnd(body: string | Uint8Array, totalBytes: number): [isTaken: boolean, isComplete: boolean];
  /** @param handler gets how much of the body was taken; returns whether the socket took what the handler wrote */
  onWritable(handler: (offsetBytes: number) => boolean): NativeResponse;
  /** Called when the connection closes before the answer is sent. No other event follows. */
  onAborted(handler: () => void): NativeResponse;
  /** Called at least once, with an empty last chunk for a request without a body. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): NativeResponse;
  /** Sends everything that `handler` writes with one system call. Calls `handler` before it returns. */
  cork(handler: () => void): NativeResponse;
  /** Closes the connection; calls the abort handler. */
  close(): NativeResponse;
  /** 4 or 16 bytes. On a socket for IPv4 and IPv6, an IPv4 address is mapped into IPv6. */
  getRemoteAddress(): ArrayBuffer;
  /** From the PROXY protocol v2; empty without it. Any client may send that header, so it counts only if the peer is trusted. */
  getProxiedRemoteAddress(): ArrayBuffer;
}

export interface NativeListenSocket {
  readonly listenSocket?: never;
}

export interface NativeApp {
  any(pattern: string, handler: (response: NativeResponse, request: NativeRequest) => void): NativeApp;
  /** Called with 1 when a connection opens, and with -1 when it has closed and its address cannot be read any more. */
  filter(handler: (response: NativeResponse, change: number) => void): NativeApp;
  listen(
    host: string,
    port: number,
    options: number,
    handler: (socket: NativeListenSocket | false) => void,
  ): NativeApp;
  /** Closes every connection and every listening socket immediately. */
  close(): NativeApp;
}

export interface NativeTlsOptions {
  readonly key_file_name: string;
  readonly cert_file_name: string;
  readonly passphrase?: string;
}

export interface NativeUws {
  App(): NativeApp;
  SSLApp(options: NativeTlsOptions): NativeApp;
  us_listen_socket_close(socket: NativeListenSocket): void;
  us_socket_local_port(socket: NativeListenSocket): number;
  /** Option of `listen`. Without it (0), several threads and processes can share a port. */
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
}

/** What decides which native package fits. */
export interface NodeBuild {
  readonly major: string;
  readonly platform: string;
  readonly arch: string;
  /** The version of the C library; `undefined` where it is not glibc. Costs milliseconds. */
  readonly glibc: () => string | undefined;
}

export interface LoadedUws {
  readonly uws: NativeUws;
  readonly packageName: string;
}

/**
 * The versions of the prebuilt packages for each major version of Node.js that Dogear runs on. For the others there are no
 * packages, or none that npm installs. package.json names the same.
 */
export const PREBUILT_VERSIONS: ReadonlyMap<string, string> = new Map([
  ['20', '20.51.4'],
  ['22', '20.51.4'],
  ['24', '20.69.0'],
  ['26', '20.69.0'],
]);

/** "20, 22 or 24" */
const MAJORS = [...PREBUILT_VERSIONS.keys()].join(', ').replace(/,( \d+)$/, ' or$1');

/** The package of that name is not on the registry. Who installs it from its repository wants it used. */
const FROM_REPOSITORY = 'uWebSockets.js';

/**
 * Loads uWebSockets.js: either the package of that name, or the prebuilt one for this platform and the major version of
 * Node.js. Those of linux-x64 are optional dependencies; others are used when somebody has installed them.
 *
 * @param from where packages are looked up, as `createRequire` takes it
 * @param programFolder where package.json is
 * @throws ListenError whose message says what is wrong and what to do
 */
export function loadUws(
  from: string | URL = import.meta.url,
  build: NodeBuild = thisBuild(),
  programFolder = PROGRAM_FOLDER,
): LoadedUws {
  const require = createRequire(from);
  const prebuilt = `@uwsjs/${build.platform}-${build.arch}-${build.major}`;
  const failures: LoadFailure[] = [];
  for (const packageName of [FROM_REPOSITORY, prebuilt]) {
    try {
      const loaded: unknown = require(packageName);
      if (isUws(loaded)) return { uws: loaded, packageName };
      failures.push({ packageName, error: new Error('it is another module') });
    } catch (error) {
      failures.push({ packageName, error });
    }
  }
  throw new ListenError(
    `Dogear cannot answer HTTP with Node.js ${build.major} on this machine: ${loadProblem({ failures, prebuilt, build, require, npm: npmCommands(programFolder) })}`,
    { cause: new AggregateError(failures.map(({ error }) => error)) },
  );
}

interface LoadFailure {
  readonly packageName: string;
  readonly error: unknown;
}

/** How the packages beside the program are installed, in English for people. */
interface NpmCommands {
  /** Installs those that fit, as a clause without a full stop. */
  readonly again: string;
  readonly add: (packageName: string) => string;
}

/** In a checkout; as a package of another folder; as a package of the whole machine. */
function npmCommands(programFolder: string): NpmCommands {
  const [, folder] = /^(.*?)[/\\]node_modules[/\\]/.exec(programFolder) ?? [];
  if (folder === undefined) {
    return {
      again: `run "npm ci" again in ${programFolder}`,
      add: (name) => `run "npm install ${name}" in ${programFolder}`,
    };
  }
  if (existsSync(join(folder, 'package.json'))) {
    return {
      again: `run "npm install" again in ${folder}`,
      add: (name) => `run "npm install ${name}" in ${folder}`,
    };
  }
  return {
    again: 'install Dogear again with "npm install -g"',
    add: (name) => `run "npm install -g ${name}"`,
  };
}

function loadProblem({
  failures,
  prebuilt,
  build: { platform, arch, major, glibc },
  require,
  npm,
}: {
  readonly failures: readonly LoadFailure[];
  readonly prebuilt: string;
  readonly build: NodeBuild;
  readonly require: NodeJS.Require;
  readonly npm: NpmCommands;
}): string {
  const broken = failures.find(({ packageName, error }) => !isMissing(packageName, error));
  if (broken !== undefined) {
    const { packageName, error } = broken;
    const message = errorMessage(error);
    const needed = /version .?GLIBC_(\d+\.\d+)' not found/.exec(message)?.[1];
    if (needed === undefined) return `${packageName} is installed and does not load: ${message}`;
    return (
      `${packageName} needs glibc ${needed} or later, and this system has ${glibc() ?? 'another C library'}. Use Node.js 20 ` +
      `or 22, whose packages need glibc 2.27, and ${npm.again}; or use a newer system, such as Debian 13 or Ubuntu 24.04.`
    );
  }
  const version = PREBUILT_VERSIONS.get(major);
  if (version === undefined) {
    return `there is no prebuilt uWebSockets.js for it. Use Node.js ${MAJORS}, and ${npm.again}.`;
  }
  const others = installedPackages(require).filter((name) => name !== prebuilt);
  if (others.length > 0) {
    return `${others.join(', ')} is installed, for another Node.js; ${prebuilt} is needed: ${npm.again}.`;
  }
  if (platform === 'linux' && glibc() === undefined) {
    return (
      'it needs glibc, and this system has another C library, such as the musl of Alpine Linux. Use a system with ' +
      'glibc, such as Debian or Ubuntu; among container images node:22-slim is one.'
    );
  }
  if (`${platform}-${arch}` === 'linux-x64') {
    return `${prebuilt} is not installed. With optional packages, ${npm.again}.`;
  }
  return (
    `${prebuilt} is not installed, because npm installs it for linux-x64 alone: ` +
    `${npm.add(`${prebuilt}@${version}`)}.`
  );
}

/** Where package.json is. The path is relative to dist/server/http/. */
const PROGRAM_FOLDER = fileURLToPath(new URL('../../../', import.meta.url)).replace(/[/\\]$/, '');

function thisBuild(): NodeBuild {
  return {
    major: process.versions.node.split('.')[0] ?? '',
    platform: process.platform,
    arch: process.arch,
    glibc: () => {
      // Otherwise the report asks for the host name of each open connection.
      Object.assign(process.report, { excludeNetwork: true });
      // Zod would parse it, and every server would load Zod at its start.
      return /"glibcVersionRuntime":"([^"]+)"/.exec(JSON.stringify(process.report.getReport()))?.[1];
    },
  };
}

/** Whether the package is not installed, as opposed to one whose own parts are missing. */
function isMissing(packageName: string, error: unknown): boolean {
  return errorCode(error) === 'MODULE_NOT_FOUND' && errorMessage(error).includes(`'${packageName}'`);
}

/** The prebuilt packages that are installed, for whatever platform and Node.js. */
function installedPackages(require: NodeJS.Require): readonly string[] {
  const folders = (require.resolve.paths('@uwsjs/any') ?? []).map((folder) => join(folder, '@uwsjs'));
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder))
    .map((name) => `@uwsjs/${name}`);
}

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** @throws ListenError when the TLS files cannot be used */
export function openApp(uws: NativeUws, tls: TlsFiles | undefined): NativeApp {
  if (tls === undefined) return uws.App();
  const { certificateFile, keyFile } = tls;
  try {
    return uws.SSLApp({ cert_file_name: certificateFile, key_file_name: keyFile });
  } catch (error) {
    throw new ListenError(
      `Cannot speak TLS with the certificate ${certificateFile} and the key ${keyFile}: both have to be readable ` +
        'PEM files that belong together.',
      { cause: error },
    );
  }
}

function isUws(loaded: unknown): loaded is NativeUws {
  return (
    typeof loaded === 'object' &&
    loaded !== null &&
    'App' in loaded &&
    'SSLApp' in loaded &&
    'us_listen_socket_close' in loaded &&
    'LIBUS_LISTEN_EXCLUSIVE_PORT' in loaded
  );
}
