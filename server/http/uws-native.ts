import { createRequire } from 'node:module';
import { ListenError } from './listen-error.js';

/**
 * The part of uWebSockets.js that is used here, as its binaries behave (20.51.4 and 20.69.0 were read and tried).
 * The packages that can be had from the registry carry no typings.
 *
 * Lifetimes, all of them enforced by exceptions or worse:
 *
 * | Value | Valid |
 * |---|---|
 * | `NativeRequest` | until the handler that got it returns |
 * | `NativeResponse` | until `end`, `close`, or the abort handler |
 * | chunk of `onData` | until the callback returns; its memory is taken back |
 *
 * A response that is not answered before the handler returns needs an abort handler. A request that arrives on a
 * connection whose last one is not answered yet (HTTP pipelining) closes the connection.
 */
export interface NativeRequest {
  /** Lower case. */
  getMethod(): string;
  /** Everything before `?`, undecoded, but bytes that are no UTF-8 are U+FFFD. */
  getUrl(): string;
  /** Everything behind `?`, undecoded; `''` without one. */
  getQuery(): string;
  /** One character a byte (Latin-1); `''` when absent. Bytes above 0x7F at either end are cut off like white space. */
  getHeader(lowerCaseName: string): string;
  /** Each header line in its order, names in lower case: the only way to see a second line of one name. */
  forEach(visit: (lowerCaseName: string, value: string) => void): void;
}

export interface NativeResponse {
  /** Once, before anything else is written; without it the status is 200. */
  writeStatus(status: string): NativeResponse;
  writeHeader(name: string, value: string): NativeResponse;
  /** A part of an answer of unknown length (chunked). @returns `false`: wait for `onWritable` before more */
  write(chunk: string | Uint8Array): boolean;
  end(body?: string | Uint8Array, closeConnection?: boolean): NativeResponse;
  onWritable(handler: (offsetBytes: number) => boolean): NativeResponse;
  /** Called instead of any further event when the connection goes before the answer is sent. */
  onAborted(handler: () => void): NativeResponse;
  /** Called at least once, with an empty last chunk for a request without a body. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): NativeResponse;
  /** Whatever is written inside goes out in one system call. Runs `handler` before it returns. */
  cork(handler: () => void): NativeResponse;
  /** Cuts the connection; calls the abort handler. */
  close(): NativeResponse;
  /** 4 or 16 bytes; IPv4 on a socket for both comes as an IPv4-mapped IPv6 address. */
  getRemoteAddress(): ArrayBuffer;
  /** From the PROXY protocol v2, which any client may speak: worth only what the peer is worth. Empty without it. */
  getProxiedRemoteAddress(): ArrayBuffer;
}

export interface NativeListenSocket {
  readonly listenSocket?: never;
}

export interface NativeApp {
  any(pattern: string, handler: (response: NativeResponse, request: NativeRequest) => void): NativeApp;
  listen(
    host: string,
    port: number,
    options: number,
    handler: (socket: NativeListenSocket | false) => void,
  ): NativeApp;
  /** Closes every connection and every listening socket at once. */
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
  /** Listen option: without it (0) several threads and processes may share a port. */
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
}

/**
 * Loads uWebSockets.js: the package of that name, which its users install from its own repository (it is not on the
 * registry), or the prebuilt one for the running major version of Node.js, an optional dependency.
 *
 * @throws ListenError with one sentence that says what to install
 */
export function loadUws(): NativeUws {
  const require = createRequire(import.meta.url);
  const major = process.versions.node.split('.')[0] ?? '';
  const prebuilt = `@uwsjs/linux-x64-${major}`;
  const failures: unknown[] = [];
  for (const name of ['uWebSockets.js', prebuilt]) {
    try {
      const loaded: unknown = require(name);
      if (isUws(loaded)) return loaded;
      failures.push(new Error(`${name} is not the library that it should be`));
    } catch (error) {
      failures.push(error);
    }
  }
  throw new ListenError(
    `uWebSockets.js could not be loaded for Node.js ${major} on ${process.platform}-${process.arch}: install ${prebuilt} ` +
      'where there is such a package, else uWebSockets.js itself with "npm install uNetworking/uWebSockets.js#v20.51.0" ' +
      '(a version that supports this Node.js).',
    { cause: new AggregateError(failures) },
  );
}

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** @throws ListenError for files that cannot be used */
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
