import { randomBytes } from 'node:crypto';
import type { AccountCredentials } from '../accounts/passwords/password-key.js';
import { connectionFault } from './connection-fault.js';
import { keyMistake } from './key-mistake.js';
import { type KoreaderRequest, type KoreaderReply, sendAsKoreader } from './koreader-request.js';
import { CODE, fieldsOf, replyFault } from './reply-fault.js';
import { secretMask } from './secret-mask.js';

export interface AddressCheck {
  /** Without the secret part of its key and without a password; `undefined` for a text that is no address. */
  readonly shownAddress: string | undefined;
  /** What keeps KOReader from syncing, and what to do, in one sentence; `undefined`: nothing. */
  readonly fault: string | undefined;
  /** Whether a key or a password was tried. */
  readonly isLoginTried: boolean;
  /** What other clients may stumble over. */
  readonly notes: readonly string[];
}

/** KOReader waits two seconds for the first byte of an answer. */
const FIRST_BYTE_MS = 2000;
/** Two clocks that are set by NTP differ by milliseconds; the header Date has whole seconds. */
const CLOCK_TOLERANCE_MS = 60_000;
/** KOReader sends digests. Other clients send texts, which a proxy that rewrites paths may change. */
const TEXT_DOCUMENT = 'no//book é';

/**
 * Speaks with a sync server as KOReader does, and stores nothing there: the push names no document, so that Dogear
 * refuses it after it has read the whole body, and the pulls ask for documents that nobody has. A valid API key gets a new
 * time of last use.
 *
 * @param text the address as somebody types it into KOReader
 * @param credentials of a user, for an address without an API key
 */
export async function checkAddress(
  text: string,
  credentials: AccountCredentials | undefined,
): Promise<AddressCheck> {
  const address = parseAddress(text);
  if (typeof address === 'string')
    return { shownAddress: undefined, fault: address, isLoginTried: false, notes: [] };
  const { key, masked } = address;
  const notes: string[] = [];
  let fault: string | undefined;
  try {
    fault = await findFault(new Visit(address, credentials), notes);
  } catch (error) {
    if (!(error instanceof AddressFault)) throw error;
    fault = error.message;
  }
  return {
    shownAddress: masked(address.base.href),
    fault: fault === undefined ? undefined : masked(fault),
    isLoginTried: key !== undefined || credentials !== undefined,
    notes: notes.map(masked),
  };
}

interface Address {
  /** Without a slash at its end. */
  readonly base: URL;
  /** The address of the server, without `/koreader/` and the key. */
  readonly root: URL;
  /** As it stands in the path. */
  readonly key: string | undefined;
  /** Takes the secrets of the address out of a text. What answers there may repeat them. */
  readonly masked: (text: string) => string;
}

/** @returns a sentence about an address that cannot be one of Dogear */
function parseAddress(text: string): Address | string {
  if (!/^https?:\/\//i.test(text)) return 'The address has to begin with http:// or https://.';
  if (!URL.canParse(text)) return 'The address is not a URL.';
  const base = new URL(text);
  if (base.search !== '' || base.hash !== '')
    return 'The address must not have ? or #, because KOReader adds paths at its end.';
  base.pathname = base.pathname.replace(/\/+$/, '');
  const [, before, key] = /^(.*)\/koreader\/([^/]+)$/.exec(base.pathname) ?? [];
  const root = new URL(base);
  root.pathname = before ?? base.pathname;
  return { base, root, key, masked: secretMask(key) };
}

/** Something that makes all further questions useless. */
class AddressFault extends Error {
  override readonly name = 'AddressFault';
}

/** The requests of one check, with what all their answers have in common. */
class Visit {
  readonly address: Address;
  readonly credentials: AccountCredentials | undefined;
  readonly replies: KoreaderReply[] = [];

  constructor(address: Address, credentials: AccountCredentials | undefined) {
    this.address = address;
    this.credentials = credentials;
  }

  /** @throws AddressFault when there is no answer */
  async ask(base: URL, path: string, request: KoreaderRequest = { method: 'GET' }): Promise<KoreaderReply> {
    const url = addPath(base, path);
    try {
      const reply = await sendAsKoreader(url, request);
      this.replies.push(reply);
      return reply;
    } catch (error) {
      throw new AddressFault(await connectionFault(error, url));
    }
  }

  askSync(path: string, request: KoreaderRequest = { method: 'GET' }): Promise<KoreaderReply> {
    return this.ask(this.address.base, path, { ...request, credentials: this.credentials });
  }
}

function addPath(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, '')}${path}`;
  return url;
}

async function findFault(visit: Visit, notes: string[]): Promise<string | undefined> {
  const { base, key } = visit.address;
  const health = await visit.askSync('/healthcheck');
  if (fieldsOf(health)['code'] === CODE.nothingHere) {
    // The path may also be that of the server itself (server.base_url), so this is not said of every such address.
    return visit.credentials === undefined && base.pathname.endsWith('/koreader')
      ? 'The address ends before the API key, which has to follow /koreader/.'
      : pathFault(visit);
  }
  if (fieldsOf(health)['state'] !== 'OK') return replyFault(health, visit.address);
  const nowhere = await visit.ask(base, '/nowhere');
  if (fieldsOf(nowhere)['code'] !== CODE.nothingHere) {
    return 'A sync server for KOReader answers, but it is not Dogear: correct the address.';
  }
  const fault =
    key === undefined && visit.credentials === undefined
      ? await strangerFault(visit)
      : ((await loginFault(visit)) ?? (await bodyFault(visit)) ?? (await pullFault(visit, notes)));
  addNotes(visit, notes);
  return fault ?? slownessFault(visit) ?? clockFault(visit);
}

/** Dogear answers that nothing is at the address: syncing is off, or the path is not the one that Dogear knows. */
async function pathFault(visit: Visit): Promise<string> {
  const { root } = visit.address;
  const isAlive = async (base: URL): Promise<boolean> =>
    fieldsOf(await visit.ask(base, '/livez'))['status'] === 'alive';
  if (await isAlive(root)) {
    return 'Dogear answers, but syncing is off: set enable_koreader_sync: true in its configuration and start it again.';
  }
  const path = root.pathname.replace(/\/$/, '');
  if (path !== '' && (await isAlive(addPath(root, path)))) {
    return (
      `The proxy removes ${path} from the path, and Dogear expects it (server.base_url): let the proxy pass the path on, ` +
      'in nginx by a proxy_pass without a path.'
    );
  }
  if (path !== '' && (await isAlive(new URL('/', root)))) {
    return `Dogear is at ${root.origin}, without ${path}: leave it out of the address, or set server.base_url to ${path}.`;
  }
  if (path !== '') {
    return `Dogear answers, but not below ${path}: set server.base_url to ${path}, or let the proxy remove it from the path.`;
  }
  return 'Dogear answers, but not at this path: add its server.base_url to the address, and let the proxy pass the path on unchanged.';
}

/** Without a key and a password nothing but the way can be checked. */
async function strangerFault(visit: Visit): Promise<string | undefined> {
  const reply = await visit.askSync('/users/auth');
  return fieldsOf(reply)['code'] === CODE.unauthorized ? undefined : replyFault(reply, visit.address);
}

async function loginFault(visit: Visit): Promise<string | undefined> {
  const reply = await visit.askSync('/users/auth');
  const { authorized, code } = fieldsOf(reply);
  if (authorized === 'OK') return undefined;
  if (code === CODE.unauthorized) {
    const { key } = visit.address;
    if (key === undefined)
      return 'Dogear answers, but the user name or the password is wrong, or the user is disabled.';
    return (
      keyMistake(key) ??
      'Dogear answers, but does not know this API key, or it is revoked, has expired or belongs to a disabled user: type it again, or make another one.'
    );
  }
  if (code === CODE.forbidden) {
    return 'Dogear answers, but this user or API key may not sync: give it the permission feature:koreader_sync.';
  }
  return replyFault(reply, visit.address);
}

/** A push as long as those of KOReader. Without a document Dogear refuses it, after it has parsed the whole of it. */
function pushWithoutDocument(): string {
  return JSON.stringify({
    progress: '/body/DocFragment[20]/body/div[1]/section[2]/p[22]/text().120',
    percentage: 0.3187,
    device: 'Dogear',
    device_id: '0123456789ABCDEF0123456789ABCDEF',
    metadata: { filename: `${'x'.repeat(80)}.epub`, title: 'x'.repeat(200), authors: 'x'.repeat(100) },
  });
}

/** Of proxies and firewalls that know no PUT. Dogear answers this push with another status than these. */
const PUT_REFUSALS: ReadonlySet<number> = new Set([401, 403, 404, 405, 501]);

async function bodyFault(visit: Visit): Promise<string | undefined> {
  const reply = await visit.askSync('/syncs/progress', { method: 'PUT', body: pushWithoutDocument() });
  const { code } = fieldsOf(reply);
  if (code === CODE.documentMissing) return undefined;
  if (code === CODE.notJson) {
    return 'The body of a push does not arrive whole: a proxy on the way drops or cuts it.';
  }
  if (PUT_REFUSALS.has(reply.status)) {
    return `Something on the way does not let the method PUT pass (${String(reply.status)}), and KOReader pushes with it: allow it.`;
  }
  return replyFault(reply, visit.address);
}

async function pullFault(visit: Visit, notes: string[]): Promise<string | undefined> {
  const digest = randomBytes(16).toString('hex');
  const reply = await visit.askSync(`/syncs/progress/${digest}`);
  const { document } = fieldsOf(reply);
  const isPulled = visit.address.key === undefined ? reply.text.trim() === '{}' : document === digest;
  if (!isPulled) return replyFault(reply, visit.address);
  // Only the routes of API keys name the document in the answer.
  if (visit.address.key === undefined) return undefined;
  const text = await visit.askSync(`/syncs/progress/${encodeURIComponent(TEXT_DOCUMENT)}`);
  if (fieldsOf(text)['document'] !== TEXT_DOCUMENT) {
    notes.push(
      'The proxy rewrites percent-encoded paths. KOReader does not mind; documents of other clients may not be found ' +
        '(in nginx: no path after the name in proxy_pass).',
    );
  }
  return undefined;
}

function addNotes({ replies }: Visit, notes: string[]): void {
  const [problem] = replies.flatMap(({ certificateProblem }) => certificateProblem ?? []);
  if (problem !== undefined) {
    notes.push(`KOReader does not check certificates; other clients refuse this one (${problem}).`);
  }
  const types = replies.flatMap((reply) =>
    Object.keys(fieldsOf(reply)).length === 0 ? [] : [reply.headers['content-type'] ?? 'nothing'],
  );
  const type = types.find((found) => found !== 'application/json');
  if (type !== undefined) {
    notes.push(
      `A proxy changes the Content-Type application/json to ${type}, which some versions of KOReader do not take.`,
    );
  }
}

function slownessFault({ replies }: Visit): string | undefined {
  const slowestMs = Math.max(...replies.map(({ elapsedMs }) => elapsedMs));
  if (slowestMs <= FIRST_BYTE_MS) return undefined;
  return `An answer took ${(slowestMs / 1000).toFixed(1)} s, and KOReader gives up after 2 s: look for what slows down the server, the database or the way.`;
}

function clockFault({ replies, address }: Visit): string | undefined {
  const aheadMs = replies.find(({ clockAheadMs }) => clockAheadMs !== undefined)?.clockAheadMs ?? 0;
  if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS) return undefined;
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  return (
    `The clock of ${address.base.hostname} is ${String(minutes)} min ${aheadMs > 0 ? 'ahead of' : 'behind'} that of this ` +
    'machine, and KOReader tells by the time which position is newer: set both clocks by NTP.'
  );
}
