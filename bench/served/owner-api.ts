import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { programFile, THIS_CHECKOUT } from '../checkout.js';
import { runChild } from '../child-process.js';
import { environmentWithoutDogear } from '../../test/support/program.js';

/** Who makes the users of a run. */
const OWNER = 'owner';
/** Longer than any answer of a server that works. */
const ANSWER_MS = 30_000;
const ALL_PERMISSIONS = 'feature:koreader_sync,feature:api_keys,library:scan,library:manage,user:manage';

const userAnswer = z.object({ id: z.int() });
const keyAnswer = z.object({ key: z.string() });
const positionsAnswer = z.object({
  positions: z.array(
    z.object({
      device: z.object({ name: z.string(), device_id: z.string().nullable() }),
      document: z.string(),
      progress: z.string(),
    }),
  ),
  next_cursor: z.string().nullable(),
});

/** The position of one device. */
export interface StoredPosition {
  readonly deviceName: string;
  readonly deviceId: string | undefined;
  readonly document: string;
  readonly progress: string;
}

/** Runs a command of the program on a database. */
export async function dogear(
  databaseUrl: string,
  workFolder: string,
  args: readonly string[],
): Promise<string> {
  const { stdout } = await runChild(
    process.execPath,
    [programFile(THIS_CHECKOUT), ...args, '--database', databaseUrl],
    { cwd: workFolder, env: environmentWithoutDogear() },
  );
  return stdout.trim();
}

/** Makes the tables of an empty database and an owner. @returns the owner's API key, which permits everything */
export async function addOwner(databaseUrl: string, workFolder: string): Promise<string> {
  await dogear(databaseUrl, workFolder, ['migrate']);
  await dogear(databaseUrl, workFolder, ['user', 'add', OWNER, '--owner']);
  return dogear(databaseUrl, workFolder, ['key', 'add', OWNER, 'bench', '--permissions', ALL_PERMISSIONS]);
}

/** A user who reads, with what its readers send. */
export interface ReadingUser {
  readonly id: number;
  /** `/koreader/KEY` */
  readonly keyPath: string;
  /** For the management API. */
  readonly key: string;
  /** Of the account routes. */
  readonly accountHeaders: Readonly<Record<string, string>>;
}

/** The management API, as the owner of a key. */
export class OwnerApi {
  readonly #base: string;
  readonly #key: string;

  constructor(port: number, key: string) {
    this.#base = `http://127.0.0.1:${port}/api/v1`;
    this.#key = key;
  }

  async addUser(name: string): Promise<ReadingUser> {
    const password = randomBytes(12).toString('hex');
    const { id } = userAnswer.parse(await this.#send('POST', '/users', { name, password }));
    const { key } = keyAnswer.parse(await this.#send('POST', '/api-keys', { name: 'reader', user_id: id }));
    const accountHeaders = {
      'x-auth-user': name,
      'x-auth-key': createHash('md5').update(password).digest('hex'),
    };
    return { id, key, keyPath: `/koreader/${key}`, accountHeaders };
  }

  /** The position of each device in a document and in the other digests of its book. */
  async positions(userId: number, document: string): Promise<readonly StoredPosition[]> {
    const stored: StoredPosition[] = [];
    for (let cursor: string | null = ''; ;) {
      const query = `user_id=${userId}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const answer = await this.#send('GET', `/progress/${encodeURIComponent(document)}?${query}`);
      if (answer === undefined) return stored;
      const page = positionsAnswer.parse(answer);
      for (const { device, document: own, progress } of page.positions) {
        const deviceId = device.device_id ?? undefined;
        stored.push({ deviceName: device.name, deviceId, document: own, progress });
      }
      if (page.next_cursor === null) return stored;
      cursor = page.next_cursor;
    }
  }

  /** Whether the server says that it can serve. */
  async isReady(): Promise<boolean> {
    return (await fetch(this.#base.replace('/api/v1', '/readyz'))).ok;
  }

  /** One request of a person who manages the server. @returns the status; 0: no answer */
  async manage(method: 'GET' | 'POST', path: string): Promise<number> {
    try {
      const answer = await this.#request(method, path);
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0;
    }
  }

  /** The sum of the counters of /metrics whose names and labels match. */
  async counter(pattern: RegExp): Promise<number> {
    const answer = await fetch(this.#base.replace('/api/v1', '/metrics'));
    const lines = (await answer.text()).split('\n').filter((line) => pattern.test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** @returns `undefined` for 404 */
  async #send(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const answer = await this.#request(method, path, body);
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }

  #request(method: 'GET' | 'POST', path: string, body?: object): Promise<Response> {
    return fetch(this.#base + path, {
      method,
      headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
