import { join } from 'node:path';
import { ConsoleClient } from '../../test/server/console/console-client.js';
import { freePort } from '../../test/support/free-port.js';
import { repositoryRoot } from '../../test/support/repository-root.js';
import { DogearServer } from '../served/dogear-server.js';
import { dogear } from '../served/owner-api.js';

export interface ConsoleServer {
  readonly server: DogearServer;
  readonly base: string;
  /** The link that makes the owner; it works until there is one. */
  setupPath(this: void): Promise<string>;
  /** Makes the owner, `aaron`. */
  setUp(this: void): Promise<ConsoleClient>;
}

/**
 * Starts the built server on a database.
 *
 * @param slowStorage a file; see test/server/console/slow-storage.ts
 */
export async function startConsoleServer(
  databaseUrl: string,
  workFolder: string,
  slowStorage?: string,
): Promise<ConsoleServer> {
  const port = await freePort();
  const settings = ['sync.unknown_documents.api_key=store', 'sync.unknown_documents.account=reject'];
  const server = new DogearServer({
    port,
    databaseUrl,
    workFolder,
    settings:
      slowStorage === undefined ? settings : [...settings, 'engine.reads=system-calls', 'engine.jobs=1'],
    ...(slowStorage === undefined
      ? {}
      : {
          environment: {
            SLOW_STORAGE: slowStorage,
            NODE_OPTIONS: `--import ${join(repositoryRoot, 'dist/test/server/console/slow-storage.js')}`,
          },
        }),
  });
  await server.start();
  const base = `http://127.0.0.1:${String(port)}`;
  const setupPath = async (): Promise<string> => {
    const link = await dogear(databaseUrl, workFolder, ['console']);
    return link.trim().split('/ui/')[1] ?? '';
  };
  return {
    server,
    base,
    setupPath,
    setUp: async () => {
      const [, token = ''] = (await setupPath()).split('#');
      return ConsoleClient.signIn(base, { token, name: 'aaron', password: 'a password of his' });
    },
  };
}
