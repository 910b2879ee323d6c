import { addKey, addUser } from '../http/routes/kosync/sync-server.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { runProgram } from '../../support/program.js';
import type { OpenStore } from '../../../server/database/store.js';
import { deviceFields, type LoadBook, type LoadDevice, rowOf } from './load-plan.js';
import { storedPositions as allPositions } from '../../support/stored-positions.js';

export interface FleetSize {
  readonly users: number;
  readonly devicesPerUser: number;
}

/** Few, so that the devices of a user often read the same book. */
const BOOKS_PER_USER = 3;
const LIBRARY_BOOKS = 60;

/**
 * A library of books, and users with devices that read them. Half of the users sync with API keys, one for each device.
 * The other half sync with name and password, and also sync a document that is in no library. Half of the devices send
 * the partial MD5 of a book, the other half its filename MD5.
 */
export async function makeFleet(
  store: OpenStore,
  url: string,
  { users, devicesPerUser }: FleetSize,
): Promise<readonly LoadDevice[]> {
  const names = Array.from({ length: LIBRARY_BOOKS }, (_none, i) => `book ${String(i)}.epub`);
  const folder = await bookFolder(
    Object.fromEntries(names.map((name) => [`shelf/${name}`, `content of ${name}`])),
  );
  await dogear(['library', 'add', 'Fleet', folder.path, '--database', url]);
  await dogear(['scan', '--database', url]);

  const devices: LoadDevice[] = [];
  for (let user = 0; user < users; user++) {
    const hasKeys = user % 2 === 0;
    const { user: account, headers } = await addUser({ store });
    for (let i = 0; i < devicesPerUser; i++) {
      const number = devices.length;
      const books = Array.from({ length: BOOKS_PER_USER }, (_none, book): LoadBook => {
        const name = names[(user * BOOKS_PER_USER + book) % names.length] ?? '';
        const register = `user ${String(user)}, ${name}`;
        return { register, document: number % 2 === 0 ? md5(`content of ${name}`) : md5(name) };
      });
      if (!hasKeys) {
        const document = `notes-${String(user)}.a b`;
        books[0] = { register: `user ${String(user)}, ${document}`, document };
      }
      devices.push({
        number,
        userId: account.id,
        books,
        ...(hasKeys
          ? { pathPrefix: `/koreader/${(await addKey({ store }, account.id)).text}`, headers: {} }
          : { pathPrefix: '', headers }),
      });
    }
  }
  return devices;
}

/** Positions in the database by row. */
export async function storedPositions(
  store: OpenStore,
  devices: readonly LoadDevice[],
): Promise<ReadonlyMap<string, string>> {
  const numbers = new Map(
    devices.map(({ number }) => {
      const { device, device_id: id } = deviceFields(number);
      return [id === undefined ? `n${device}` : `i${id}`, number];
    }),
  );
  return new Map(
    (await allPositions(store)).map(({ userId, document, deviceKey, position }) => {
      const number = numbers.get(deviceKey) ?? NaN;
      return [rowOf(userId, document, number), position];
    }),
  );
}

async function dogear(args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram(args);
  if (exitCode !== 0) throw new Error(`dogear ${args.join(' ')} failed: ${stderr}`);
}
