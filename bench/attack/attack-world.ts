import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoadClient } from '../../test/server/compose/load-client.js';
import { makeEpub, xhtml } from '../../test/support/epub.js';
import { freePort } from '../../test/support/free-port.js';
import { createSqlite, type DatabaseKind, startMysql } from '../bench-databases.js';
import { DogearServer } from '../served/dogear-server.js';
import { addOwner, dogear, OwnerApi, type ReadingUser } from '../served/owner-api.js';
import { md5 } from '../served/reading-fleet.js';

/** A server with a library of three books, an honest user and a hostile one. */
export interface AttackWorld {
  readonly server: DogearServer;
  readonly honest: ReadingUser;
  readonly hostile: ReadingUser;
  /** The document of an ordinary book. */
  readonly ordinaryBook: string;
  /** Documents of small files that take a translation long. */
  readonly hostileBooks: readonly HostileBook[];
  close(): Promise<void>;
}

interface HostileBook {
  readonly what: string;
  readonly document: string;
}

/** In a selector, to be split at spaces. */
const SPACES = 1_000_000;
/** Each of the elements is compared with each of the rules: seconds, and 15 KB in the archive. */
const ELEMENTS = 50_000;
const RULES = 1000;
/** The place in the heavy book whose translation has to look at the elements before it. */
const FAR = ELEMENTS - 1;

function bookOfSpaces(): Buffer {
  const style = `<title>t</title><style>a${' '.repeat(SPACES)}b{display:none}</style>`;
  return makeEpub({ chapters: [{ content: xhtml('<p>x</p>', style) }] });
}

function heavyBook(): Buffer {
  const rules = Array.from({ length: RULES }, (_none, i) => `div.c${i} > p.d .e${i}{display:none}`).join('');
  const element = '<div class="c1"><p class="d">x<i class="e1">a</i></p></div>';
  const style = `<title>t</title><style>${rules}</style>`;
  return makeEpub({ chapters: [{ content: xhtml(element.repeat(ELEMENTS), style) }] });
}

export async function createAttackWorld(kind: DatabaseKind, workFolder: string): Promise<AttackWorld> {
  const database = await createDatabase(kind, workFolder);
  let server: DogearServer | undefined;
  try {
    const ownerKey = await addOwner(database.url, workFolder);
    const books = join(workFolder, 'books');
    mkdirSync(books);
    const paragraphs = Array.from({ length: 2000 }, (_none, i) => `<p>paragraph ${i} of a book</p>`).join('');
    writeFileSync(join(books, 'ordinary.epub'), makeEpub({ chapters: [{ content: xhtml(paragraphs) }] }));
    writeFileSync(join(books, 'spaces.epub'), bookOfSpaces());
    writeFileSync(join(books, 'heavy.epub'), heavyBook());
    await dogear(database.url, workFolder, ['library', 'add', 'Books', books]);
    await dogear(database.url, workFolder, ['scan']);
    const port = await freePort();
    const settings = ['server.listeners=1', 'sync.unknown_documents.api_key=store'];
    server = new DogearServer({ port, databaseUrl: database.url, workFolder, settings });
    await server.start();
    const api = new OwnerApi(port, ownerKey);
    const honest = await api.addUser('honest');
    const hostile = await api.addUser('hostile');
    const ordinaryBook = md5('ordinary.epub');
    const hostileBooks = [
      { what: 'a style sheet of spaces', document: md5('spaces.epub') },
      { what: 'many elements and rules', document: md5('heavy.epub') },
    ];
    await pushOnce(port, honest, ordinaryBook, FIRST);
    for (const { document } of hostileBooks) {
      await pushOnce(port, hostile, document, document === md5('heavy.epub') ? FAR_AWAY : FIRST);
    }
    const started = server;
    const close = async (): Promise<void> => {
      await started.kill();
      await database.remove();
    };
    return { server, honest, hostile, ordinaryBook, hostileBooks, close };
  } catch (error) {
    await server?.kill();
    await database.remove();
    throw error;
  }
}

interface AttackedDatabase {
  readonly url: string;
  remove(): Promise<void>;
}

async function createDatabase(kind: DatabaseKind, workFolder: string): Promise<AttackedDatabase> {
  if (kind === 'sqlite') {
    const file = createSqlite(workFolder);
    return { url: file.url, remove: () => file.drop() };
  }
  const server = await startMysql();
  try {
    const database = await server.createDatabase();
    const remove = async (): Promise<void> => {
      // A server that is not of this run goes on, without the database.
      await database.drop();
      await server.close();
    };
    return { url: database.url, remove };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function pushOnce(port: number, user: ReadingUser, document: string, position: string): Promise<void> {
  const client = new LoadClient();
  const body = pushBody(document, 'kobo', position);
  const answer = await client.send(port, 'PUT', `${user.keyPath}/syncs/progress`, {}, body);
  client.close();
  if (answer.status !== 200) throw new Error(`a push was answered ${answer.status}: ${answer.text}`);
}

export function pushBody(document: string, deviceId: string, position = FIRST): string {
  return JSON.stringify({
    document,
    progress: position,
    percentage: Math.random(),
    device: 'Kobo',
    device_id: deviceId,
  });
}

const FIRST = '/body/DocFragment[1]/body/p[1]/text().0';
const FAR_AWAY = `/body/DocFragment[1]/body/div[${FAR}]/p[1]/text().0`;
const FILLING_CONNECTIONS = 32;

/** Pushes one document with the devices from `first` on. A refusal is no failure: servers have bounds. */
export async function pushDevices(
  port: number,
  user: ReadingUser,
  document: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  let next = from;
  const fill = async (): Promise<void> => {
    const client = new LoadClient();
    while (next < to) {
      const body = pushBody(document, `device-${next++}`);
      const answer = await client.send(port, 'PUT', `${user.keyPath}/syncs/progress`, {}, body);
      if (answer.status === 401 || answer.status === 0) throw new Error(`a push failed: ${answer.text}`);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: FILLING_CONNECTIONS }, fill));
}
