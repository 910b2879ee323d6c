import { request } from 'node:http';
import type { Json } from './api-server.js';

export interface BrowserAnswer {
  readonly status: number;
  readonly json: Json;
  readonly setCookie: string | undefined;
}

export interface BrowserRequest {
  readonly body?: unknown;
  /** Instead of, or besides, what a browser sends; `undefined` leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** Sends requests below /api/v1 as a page of the console does, and keeps the cookie of its session. */
export class Browser {
  readonly #url: string;
  cookie: string | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** As fetch() of a page at the same address. Unlike the fetch() of Node.js, this sends any `Host`. */
  send(method: string, path: string, { body, headers = {} }: BrowserRequest = {}): Promise<BrowserAnswer> {
    const url = new URL(`${this.#url}/api/v1${path}`);
    const all: Record<string, string | undefined> = {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'content-type': 'application/json',
      ...(method === 'GET' ? {} : { origin: url.origin }),
      cookie: this.cookie,
      ...headers,
    };
    const sent = Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
    return new Promise((resolve, reject) => {
      const asked = request(url, { method, headers: sent, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const [setCookie] = response.headers['set-cookie'] ?? [];
          const [pair = ''] = setCookie?.split(';') ?? [];
          if (setCookie !== undefined) this.cookie = pair.endsWith('=') ? undefined : pair;
          const json: Json = text === '' ? undefined : JSON.parse(text);
          resolve({ status: response.statusCode ?? 0, json, setCookie });
        });
      });
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
