import { Agent, request as httpRequest } from 'node:http';

export interface LoadAnswer {
  /** 0: the connection failed, or there was no answer in time. */
  readonly status: number;
  readonly text: string;
  /** Of the server that was asked. */
  readonly port?: number;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** KOReader's timeout for a whole request. */
const TIMEOUT_MS = 5000;

/** Monotonic, and the same for all processes of a machine. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The connections of one reader, one to each server. They are kept open, as KOReader does during a burst. */
export class LoadClient {
  readonly #agent = new Agent({ keepAlive: true });

  /** Never rejects: a failed connection is an answer with status 0. */
  send(
    port: number,
    method: 'GET' | 'PUT',
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<LoadAnswer> {
    const sentMs = nowMs();
    return new Promise((resolve) => {
      const finish = (status: number, text: string): void => {
        clearTimeout(timer);
        resolve({ status, text, port, sentMs, answeredMs: nowMs() });
      };
      const request = httpRequest(
        {
          agent: this.#agent,
          host: '127.0.0.1',
          port,
          method,
          path,
          headers: {
            accept: 'application/vnd.koreader.v1+json',
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('error', () => finish(0, ''));
          response.on('end', () =>
            response.complete ? finish(response.statusCode ?? 0, text) : finish(0, ''),
          );
        },
      );
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), TIMEOUT_MS);
      request.on('error', () => finish(0, ''));
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
