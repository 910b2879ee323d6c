import { createHash } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ipaddr from 'ipaddr.js';
import type { Fleet } from './fleet.js';

/** A koreader-sync-server that somebody has running, for the same load as Dogear's. */
export interface AgainstServer {
  readonly host: string;
  readonly port: number;
  /** Of its paths, without a slash at the end; '' for none. */
  readonly prefix: string;
}

export interface AgainstOptions {
  readonly server: AgainstServer;
  /** Of everything that it consists of, its database included. None: its processor time is not measured. */
  readonly processes: readonly number[];
}

const HTTP_PORT = 80;
/** The load takes all that a server has, which is fair only to a server of one's own. */
const OWN_NETWORKS: readonly string[] = ['loopback', 'private', 'uniqueLocal', 'linkLocal'];

/** @throws Error whose message says what is wrong with the address */
export function parseAgainst(text: string): AgainstServer {
  if (!URL.canParse(text))
    throw new Error(`--against takes an address such as http://127.0.0.1:17200, not ${text}`);
  const url = new URL(text);
  if (url.protocol !== 'http:') {
    throw new Error('--against takes http: addresses only: Dogear is measured without TLS, too');
  }
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Error(
      '--against takes an address without user, query and fragment: the bench makes its own accounts',
    );
  }
  return {
    host: url.hostname,
    port: url.port === '' ? HTTP_PORT : Number(url.port),
    prefix: url.pathname.replace(/\/+$/, ''),
  };
}

/** @throws Error for a server that is not in a private network: a load would harm those who use it */
export async function checkIsOwn({ host }: AgainstServer): Promise<void> {
  const addresses = await lookup(host.replace(/^\[|\]$/g, ''), { all: true });
  const isOwn = addresses.every(({ address }) => OWN_NETWORKS.includes(ipaddr.process(address).range()));
  if (addresses.length === 0 || !isOwn) {
    throw new Error(`${host} is not in a private network: the bench puts no load on servers that others use`);
  }
}

const HEADERS = { Accept: 'application/vnd.koreader.v1+json', 'Content-Type': 'application/json' };
const CREATED = 201;
/** Also for names that are taken: those of the run before. */
const REFUSED = 402;
const ANSWER_DEADLINE_MS = 5000;

/**
 * The accounts of the load, one after the other: always the same names, because the server has no way to remove one.
 *
 * @returns what the load generators need: the accounts as keys, and the same documents as Dogear's fleet
 * @throws Error that says what to do when the server does not let the accounts in
 */
export async function makeAgainstFleet(
  { host, port, prefix }: AgainstServer,
  {
    users,
    folder,
    documentsFile,
  }: { readonly users: number; readonly folder: string; readonly documentsFile: string },
): Promise<Fleet> {
  const base = `http://${host}:${port}${prefix}`;
  const lines: string[] = [];
  for (let user = 1; user <= users; user += 1) {
    const name = `dogear-bench-${user}`;
    // KOReader sends the MD5 of a password. These accounts hold nothing but the places of the load.
    const key = createHash('md5').update(name).digest('hex');
    const created = await fetch(`${base}/users/create`, {
      method: 'POST',
      headers: HEADERS,
      body: JSON.stringify({ username: name, password: key }),
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    });
    const authorized = await fetch(`${base}/users/auth`, {
      headers: { ...HEADERS, 'x-auth-user': name, 'x-auth-key': key },
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    });
    if (!authorized.ok || (created.status !== CREATED && created.status !== REFUSED)) {
      throw new Error(
        `${base} answered ${created.status} to a new account and ${authorized.status} to its key; ` +
          'koreader-sync-server needs ENABLE_USER_REGISTRATION=true for accounts of the bench',
      );
    }
    lines.push(`${name} ${key}\n`);
  }
  const keysFile = join(folder, 'against-keys.txt');
  writeFileSync(keysFile, lines.join(''), { mode: 0o600 });
  return { keysFile, documentsFile };
}
