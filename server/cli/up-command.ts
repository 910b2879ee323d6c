import type { Command } from 'commander';
import type { Configuration } from '../../config/schema.js';
import { makeFirstKey } from '../accounts/keys/first-key.js';
import { ensureLibrary } from '../library/add-library.js';
import { composeStore } from '../compose/program.js';
import { startServer } from '../compose/server.js';
import type { Library } from '../library/library.js';
import { scanInThread } from '../compose/scan-thread.js';
import type { CommandContext } from './context.js';
import { writeError, writeLine } from './output.js';
import { nextSignal, untilStopped } from './run-server.js';
import { scanLibraries } from './scan-libraries.js';
import { serverAddress } from './server-address.js';
import { addSettingFlags } from './setting-flags.js';

export function addUpCommand(program: Command, context: CommandContext): void {
  const up = program
    .command('up')
    .argument('<folder...>', 'folders of books')
    .description('add the folders as libraries on first sight, scan them, and sync readers over them');
  addSettingFlags(up, ['--host', '--port']).action(
    async (folders: string[], _flags: unknown, command: Command) => {
      // Whoever runs this wants to sync; "dogear serve" asks for the setting.
      const configuration = { ...context.configuration(command), enable_koreader_sync: true };
      const signals = nextSignal();
      const { libraries, firstKey } = await prepare(configuration, folders);
      const server = await startServer(configuration);
      for (const line of welcome(serverAddress(configuration, server.port), firstKey)) writeLine(line);
      const stop = new AbortController();
      void signals.then((signal) => {
        stop.abort(new Error(`stopped by ${signal}`));
        return undefined;
      });
      // A scan may take hours; a server that lost a thread is not kept half alive for it.
      server.lost.catch((error: unknown) => stop.abort(error));
      await scanAll(configuration, libraries, stop.signal);
      context.exitWith(await untilStopped(server, configuration, signals));
    },
  );
}

/** Whatever becomes of the scan, the server is up and its readers sync. */
async function scanAll(
  configuration: Configuration,
  libraries: readonly Library[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await scanLibraries(scanInThread(configuration), libraries, { json: false, signal });
    if (!signal.aborted) writeLine('Scanned. Syncing goes on until Ctrl-C.');
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    writeError(`The scan failed: ${reason}. Syncing goes on until Ctrl-C.`);
  }
}

async function prepare(
  configuration: Configuration,
  folders: readonly string[],
): Promise<{ readonly libraries: readonly Library[]; readonly firstKey: string | undefined }> {
  const store = await composeStore(configuration);
  try {
    const libraries: Library[] = [];
    for (const folder of folders) libraries.push(await ensureLibrary(store, folder));
    return { libraries, firstKey: await makeFirstKey(store) };
  } finally {
    await store.close();
  }
}

function welcome(address: string, firstKey: string | undefined): readonly string[] {
  const key =
    firstKey === undefined
      ? [
          `KOReader syncs at ${address}/koreader/YOUR-API-KEY`,
          '  (the key was shown when it was made; "dogear key add" makes another)',
        ]
      : [
          'KOReader syncs at this address (it is shown this once, keep it):',
          `  ${address}/koreader/${firstKey}`,
        ];
  return [
    ...key,
    'On the reader: Tools > Progress sync > Custom sync server, then Login with any name and password.',
    'KOReader sync is switched on for this run (enable_koreader_sync).',
  ];
}
