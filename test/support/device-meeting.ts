import { createEngine, type Engine } from '../../engine/index.js';
import type { User } from '../../server/accounts/user.js';
import type { Library } from '../../server/library/library.js';
import { insertLibrary } from '../../server/library/library-repository.js';
import { scanLibrary, type ScanSummary } from '../../server/scan/scan-library.js';
import {
  addKey,
  addUser,
  startTestServer,
  type TestServer,
} from '../server/http/routes/kosync/sync-server.js';
import type { BookFolder } from './book-folder.js';
import type { TestDatabaseKind } from './databases.js';

/** A server, and devices of one user that sync the same book, each by another digest of it. */
export interface DeviceMeeting {
  readonly server: TestServer;
  /** Whose devices they are. */
  readonly user: User;
  addLibrary(folder: BookFolder, changes?: Partial<Library>): Promise<Library>;
  /** @param atStart done when the scan has begun, before it looks at the first file */
  scan(library: Library, atStart?: () => Promise<unknown>): Promise<ScanSummary>;
  /**
   * Each device pushes in turn, and all others pull. One device a document.
   *
   * @returns what did not work: empty when all devices find each other
   */
  problems(documents: readonly string[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openDeviceMeeting(kind: TestDatabaseKind): Promise<DeviceMeeting> {
  const database = await kind.create();
  const server = await startTestServer(database.url);
  const engine = createEngine({ jobs: 2 });
  const { user } = await addUser(server);
  const { text: key } = await addKey(server, user.id);
  let libraries = 0;
  let pushes = 0;

  async function pushAndPull(documents: readonly string[], from: number): Promise<readonly string[]> {
    const position = `position ${String(++pushes)}`;
    const document = documents[from] ?? '';
    const device = `device ${String(from)}`;
    const body = { document, progress: position, percentage: 0.5, device, device_id: device };
    const { status } = await server.send('PUT', `/koreader/${key}/syncs/progress`, { body });
    if (status !== 200) return [`${device} pushes: ${String(status)}`];
    const problems: string[] = [];
    for (const [to, pulled] of documents.entries()) {
      const { json } = await server.send('GET', `/koreader/${key}/syncs/progress/${pulled}`);
      if (Object(json).progress !== position) problems.push(`device ${String(to)} does not see ${device}`);
    }
    return problems;
  }

  return {
    server,
    user,
    addLibrary: async (folder, changes = {}) => {
      const library = await insertLibrary(server.store, {
        name: `library ${String(++libraries)}`,
        root: Buffer.from(folder.path),
        extensions: undefined,
        koreaderHashes: true,
        ...changes,
      });
      if (library === undefined) throw new Error('the name is taken');
      return library;
    },
    scan: (library, atStart) => {
      const walking = Object.assign(Object.create(engine) as Engine, {
        ...engine,
        async *walk(...parameters: Parameters<Engine['walk']>) {
          await atStart?.();
          yield* engine.walk(...parameters);
        },
      });
      return scanLibrary({ store: server.store, engine: walking }, library);
    },
    problems: async (documents) => {
      // As a scan or a removal in the server's own process does it.
      server.sync.forgetLibraries();
      const problems: string[] = [];
      for (const from of documents.keys()) problems.push(...(await pushAndPull(documents, from)));
      return problems;
    },
    close: async () => {
      await engine.close();
      await server.close();
      await database.drop();
    },
  };
}
