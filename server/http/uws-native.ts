import { createRequire } from 'node:module';
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
 * | `NativeResponse` | until `end`, `close`, or the abort handler |
 * | chunk of `onData` | until the callback returns; then its memory is reused |
 *
 * A response that is not ended before the handler returns needs an abort handler. A request that arrives on a connection
 * while the one before it is unanswered (HTTP pipelining) closes the connection.
 */
export interface NativeRequest {
  /** Lower case. */
  getMethod(): string;
  /** The part before `?`, undecoded; bytes that are not UTF-8 are replaced by U+FFFD. */
  getUrl(): string;
  /** The part after `?`, undecoded; `''` without one. */
  getQuery(): string;
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
  end(body?: string | Uint8Array, closeConnection?: boolean): NativeResponse;
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

/**
 * Loads uWebSockets.js: either the package of that name, which is not on the registry and is installed from its
 * repository, or the prebuilt package for the major version of Node.js, an optional dependency.
 *
 * @throws ListenError whose message says what to install
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
      failures.push(new Error(`${name} is not uWebSockets.js`));
    } catch (error) {
      failures.push(error);
    }
  }
  throw new ListenError(
    `uWebSockets.js could not be loaded for Node.js ${major} on ${process.platform}-${process.arch}: install ${prebuilt} ` +
      'if there is such a package, otherwise uWebSockets.js itself, in a version for this Node.js: ' +
      '"npm install uNetworking/uWebSockets.js#v20.51.0".',
    { cause: new AggregateError(failures) },
  );
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
