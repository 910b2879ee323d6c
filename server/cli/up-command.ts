import type { Command } from 'commander';
import type { Configuration } from '../../config/schema.js';
import { makeFirstKey } from '../accounts/keys/first-key.js';
import { ensureLibrary } from '../library/add-library.js';
import { errorMessage } from '../domain/error-text.js';
import { withStore } from '../compose/composed-store.js';
import type { Library } from '../library/library.js';
import { NOT_ADOPTED } from '../sync/adopt-unmatched.js';
import { scanInThread } from '../compose/scan-thread.js';
import type { CommandContext } from './context.js';
import { goOnWithoutOutput, writeError, writeLine } from './output.js';
import { pathArguments } from './path-argument.js';
import { nextSignal, serverAddress, untilStopped } from './run-server.js';
import { scanLibraries } from './scan-libraries.js';
import { announceSetup } from './setup-offer.js';
import { addSettingFlags } from './setting-flags.js';

export function fillUpCommand(up: Command, context: CommandContext): void {
  up.argument('<folder...>', 'folders of books', pathArguments);
  addSettingFlags(up, ['--host', '--port']).action(
    async (folders: readonly Buffer[], _flags: unknown, command: Command) => {
      // This command is for syncing, so it does not ask for the setting as "dogear serve" does.
      const configuration = { ...context.configuration(command), enable_koreader_sync: true };
      const signals = nextSignal();
      const { libraries, firstKey } = await prepare(configuration, folders);
      // Loaded here: see serve-command.ts.
      const { startServer } = await import('../compose/server.js');
      const server = await startServer(configuration);
      goOnWithoutOutput();
      for (const line of welcome(serverAddress(configuration, server.port), firstKey)) writeLine(line);
      await announceSetup(server, configuration, {
        isTerminal: process.stdout.isTTY,
        say: (lines) => lines.forEach(writeLine),
      });
      const stop = new AbortController();
      void signals.then((signal) => {
        stop.abort(new Error(`stopped by ${signal}`));
        return undefined;
      });
      // A lost thread stops the scan too: a scan may take hours, and the process ends so that it can be restarted.
      server.lost.catch((error: unknown) => stop.abort(error));
      const scan = scanAll(configuration, libraries, stop.signal);
      context.exitWith(await untilStopped(server, configuration, signals, scan));
    },
  );
}

/** Never rejects: a failed scan does not stop the server. */
async function scanAll(
  configuration: Configuration,
  libraries: readonly Library[],
  signal: AbortSignal,
): Promise<void> {
  try {
    const scan = scanInThread(configuration, ({ message }) => writeError(`${NOT_ADOPTED}: ${message}`));
    await scanLibraries(scan, libraries, { json: false, signal });
    if (!signal.aborted) writeLine('Scanned. Syncing goes on until Ctrl-C.');
  } catch (error) {
    // What was committed stays, and the next scan goes on from it.
    if (signal.aborted) return;
    const message = errorMessage(error).replace(/\.$/, '');
    writeError(`The scan failed: ${message}. Syncing goes on until Ctrl-C.`);
  }
}

function prepare(
  configuration: Configuration,
  folders: readonly Buffer[],
): Promise<{ readonly libraries: readonly Library[]; readonly firstKey: string | undefined }> {
  return withStore(configuration, async (store) => {
    const libraries: Library[] = [];
    for (const folder of folders) libraries.push(await ensureLibrary(store, folder));
    return { libraries, firstKey: await makeFirstKey(store) };
  });
}

function welcome(address: string, firstKey: string | undefined): readonly string[] {
  const key =
    firstKey === undefined
      ? [
          `KOReader syncs at ${address}/koreader/YOUR-API-KEY`,
          '  (the key was shown when it was made; "dogear key add" makes another one)',
        ]
      : [
          'KOReader syncs at this address. Keep it: it is not shown again.',
          `  ${address}/koreader/${firstKey}`,
        ];
  return [
    ...key,
    'On the reader: Tools > Progress sync > Custom sync server, then Login with any name and password.',
    'KOReader sync is switched on for this run (enable_koreader_sync).',
  ];
}
