import { type Answer, jsonAnswer } from '../../../server/http/answer.js';
import type { Failure, Route } from '../../../server/http/route.js';
import { Router } from '../../../server/http/router.js';
import { type HttpServer, type HttpServerOptions, listen } from '../../../server/http/uws.js';

const servers: HttpServer[] = [];

/** After each test. */
export async function closeServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.close(1000)));
}

/** Closes the server after the test, like those of `serve`. */
export function closeLater(server: HttpServer): void {
  servers.push(server);
}

export type Handler = Route['handle'];

/** A server that records its answers and the failures behind them. */
export interface WatchedServer extends HttpServer {
  readonly answers: readonly number[];
  readonly failures: readonly Failure[];
}

const FAILURE_STATUSES: Partial<Record<Failure['kind'], number>> = {
  'body-too-large': 413,
  'framing-doubtful': 400,
};

/** Serves every path with one handler. */
export async function serve(
  handle: Handler,
  options: Partial<HttpServerOptions> = {},
): Promise<WatchedServer> {
  const answers: number[] = [];
  const failures: Failure[] = [];
  const routes = (['GET', 'PUT', 'POST'] as const).map((method) => ({
    method,
    pattern: '/*rest',
    readsBody: method !== 'GET',
    handle,
  }));
  const fail = (failure: Failure): Answer => {
    failures.push(failure);
    return jsonAnswer(FAILURE_STATUSES[failure.kind] ?? 500, failure.kind);
  };
  const server = await listen({
    host: '127.0.0.1',
    port: 0,
    router: new Router('', [{ prefix: '', routes, fail }]),
    bodyLimitBytes: 1000,
    trustedProxies: [],
    onAnswer: (_request, _route, status) => answers.push(status),
    ...options,
  });
  servers.push(server);
  return {
    answers,
    failures,
    port: server.port,
    get active() {
      return server.active;
    },
    close: (deadlineMs) => server.close(deadlineMs),
  };
}

export const echo: Handler = (request) => jsonAnswer(200, { path: request.path, body: request.body });
export const later: Handler = async (request) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return echo(request);
};

export const get = (path: string, ...headers: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;
export const put = (body: string, ...headers: string[]) =>
  `PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n${body}`;
export const answered = (times: number) => (text: string) => text.split('"body"').length > times;
