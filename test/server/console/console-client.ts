import { type AccountCredentials, passwordKeyOf } from '../../../server/accounts/passwords/password-key.js';
import { sendAsKoreader } from '../../../server/probe/koreader-request.js';
import type { Json } from '../http/routes/api/api-server.js';

/** How somebody signs in: the body of `POST /sessions`, or of `POST /setup`. */
export type Credentials =
  | { readonly name: string; readonly password: string }
  | { readonly token: string; readonly name: string; readonly password: string };

/** The API as a signed-in browser uses it: with the cookie of a session, from the server's own origin. */
export class ConsoleClient {
  /** With the base path: `http://127.0.0.1:8364/dogear`. */
  readonly base: string;
  readonly cookie: { readonly name: string; readonly value: string };

  constructor(base: string, cookie: ConsoleClient['cookie']) {
    this.base = base;
    this.cookie = cookie;
  }

  static async signIn(base: string, credentials: Credentials): Promise<ConsoleClient> {
    const path = 'token' in credentials ? '/setup' : '/sessions';
    const answer = await send(base, undefined, 'POST', path, credentials);
    if (!answer.ok) throw new Error(`POST ${path}: ${String(answer.status)} ${await answer.text()}`);
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(answer.headers.get('set-cookie') ?? '') ?? [];
    return new ConsoleClient(base, { name, value });
  }

  /** @throws Error when the answer says no */
  async call(method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await send(this.base, this.cookie, method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${String(answer.status)} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** Adds a user and signs in as the user. */
  async addUser(name: string, permissions: readonly string[]): Promise<ConsoleClient> {
    const password = `password of ${name}`;
    await this.call('POST', '/users', { name, password, permissions });
    return ConsoleClient.signIn(this.base, { name, password });
  }

  /** Makes an API key and returns the address for a reader. */
  async addReader(keyName: string): Promise<string> {
    const { key } = await this.call('POST', '/api-keys', {
      name: keyName,
      permissions: ['feature:koreader_sync'],
    });
    return `${this.base}/koreader/${String(key)}`;
  }

  /** Adds a folder as a library, scans it and waits for the end. @returns the id of the library */
  async addLibrary(name: string, root: string): Promise<number> {
    const { id } = await this.call('POST', '/libraries', { name, root });
    await this.scan(Number(id));
    return Number(id);
  }

  async scan(libraryId: number, options: { readonly regen_hashes?: boolean } = {}): Promise<void> {
    const { id } = await this.call('POST', `/libraries/${String(libraryId)}/scans`, options);
    for (;;) {
      const { state } = await this.call('GET', `/scans/${String(id)}`);
      if (state !== 'running') return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function send(
  base: string,
  cookie: ConsoleClient['cookie'] | undefined,
  method: string,
  path: string,
  body: unknown,
): Promise<Response> {
  return fetch(`${base}/api/v1${path}`, {
    method,
    headers: {
      origin: new URL(base).origin,
      'content-type': 'application/json',
      // A test that has kept this process busy would not notice that the server closed an idle connection.
      connection: 'close',
      ...(cookie === undefined ? {} : { cookie: `${cookie.name}=${cookie.value}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

export interface ReadingPlace {
  /** A digest of the book. */
  readonly document: string;
  readonly percentage: number;
  /** By default an x-pointer. */
  readonly progress?: string;
  readonly metadata?: {
    readonly filename?: string;
    readonly title?: string;
    readonly authors?: string;
  };
}

/** A reader with KOReader, which sends exactly what KOReader sends. */
export class KoreaderDevice {
  /** What people type into "Custom sync server". */
  readonly #address: string;
  readonly #name: string;
  readonly #id: string;
  readonly #credentials: AccountCredentials;

  /** @param credentials count at addresses without a key */
  constructor(address: string, name: string, id = name, credentials = { name: 'a', password: 'a' }) {
    this.#address = address;
    this.#name = name;
    this.#id = id;
    this.#credentials = { name: credentials.name, key: passwordKeyOf(credentials.password) };
  }

  /** @throws Error when it is refused */
  async push(place: ReadingPlace): Promise<void> {
    await this.#push(place, 200);
  }

  /** Pushes a document that no book has. @throws Error unless it is refused for that reason */
  async pushInVain(place: ReadingPlace): Promise<void> {
    await this.#push(place, 404);
  }

  async #push({ document, percentage, progress, metadata }: ReadingPlace, expected: number): Promise<void> {
    const body = JSON.stringify({
      document,
      progress: progress ?? '/body/DocFragment[4]/body/p[12]/text().0',
      percentage,
      device: this.#name,
      device_id: this.#id,
      ...(metadata === undefined ? {} : { metadata }),
    });
    await this.#send('PUT', '/syncs/progress', expected, body);
  }

  async pull(document: string): Promise<Json> {
    return JSON.parse(await this.#send('GET', `/syncs/progress/${document}`, 200));
  }

  async #send(method: 'GET' | 'PUT', path: string, expected: number, body?: string): Promise<string> {
    const reply = await sendAsKoreader(new URL(`${this.#address}${path}`), {
      method,
      credentials: this.#credentials,
      ...(body === undefined ? {} : { body }),
    });
    if (reply.status !== expected) {
      throw new Error(`${method} ${path}: ${String(reply.status)} ${reply.text}`);
    }
    return reply.text;
  }
}
