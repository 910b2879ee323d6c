import { Agent, request as httpRequest } from 'node:http';

export interface LoadAnswer {
  /** 0: the connection broke, or no answer came in time. */
  readonly status: number;
  readonly text: string;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** KOReader's, for a whole exchange. */
const PATIENCE_MS = 5000;

/** The clock that all processes of a machine share. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** One reader's connections, kept open as KOReader does during a burst: one to each server. */
export class LoadClient {
  readonly #agent = new Agent({ keepAlive: true });

  /** Never rejects: whatever breaks is an answer with status 0. */
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
        resolve({ status, text, sentMs, answeredMs: nowMs() });
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
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), PATIENCE_MS);
      request.on('error', () => finish(0, ''));
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
