import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadBook, LoadDevice } from '../../test/server/compose/load-plan.js';
import { dogear, type OwnerApi } from './owner-api.js';

const BOOKS_PER_USER = 3;
const DEVICES_PER_USER = 3;

/** Adds a library of small books to a new database, before its server starts. */
export async function addBooks(databaseUrl: string, workFolder: string, users: number): Promise<void> {
  const folder = join(workFolder, 'books');
  mkdirSync(folder, { recursive: true });
  for (let book = 0; book < users * BOOKS_PER_USER; book++) {
    writeFileSync(join(folder, bookName(book)), contentOf(book));
  }
  await dogear(databaseUrl, workFolder, ['library', 'add', 'Fleet', folder]);
  await dogear(databaseUrl, workFolder, ['scan']);
}

/**
 * Users with devices that read the books of the library. Every second user syncs with name and password, and the others
 * with an API key. Half of the devices send the partial MD5 of a book, the other half its filename MD5.
 */
export async function addReaders(api: OwnerApi, users: number): Promise<readonly LoadDevice[]> {
  const devices: LoadDevice[] = [];
  for (let user = 0; user < users; user++) {
    const { id, keyPath, accountHeaders } = await api.addUser(`reader${user}`);
    const access =
      user % 2 === 0 ? { pathPrefix: keyPath, headers: {} } : { pathPrefix: '', headers: accountHeaders };
    for (let i = 0; i < DEVICES_PER_USER; i++) {
      const number = devices.length;
      const books = Array.from({ length: BOOKS_PER_USER }, (_none, index): LoadBook => {
        const book = user * BOOKS_PER_USER + index;
        const register = `user ${user}, ${bookName(book)}`;
        return { register, document: md5(number % 2 === 0 ? contentOf(book) : bookName(book)) };
      });
      devices.push({ number, userId: id, books, ...access });
    }
  }
  return devices;
}

function bookName(book: number): string {
  return `book ${book}.epub`;
}

function contentOf(book: number): string {
  return `content of book ${book}`;
}

/** The document of a book: of its name, or of its content, if that has at most 1,024 bytes. */
export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
