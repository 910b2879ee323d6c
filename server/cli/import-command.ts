import { type Command, InvalidArgumentError } from 'commander';
import { withStore } from '../compose/composed-store.js';
import { importDogear } from '../moving/import-dogear.js';
import { importKosyncSqlite } from '../moving/import-kosync-sqlite.js';
import { importKoreaderSyncServer } from '../moving/import-koreader-sync-server.js';
import type { MoveOptions } from '../moving/move-context.js';
import type { MoveTally } from '../moving/move-tally.js';
import type { ComposedStore } from '../compose/composed-store.js';
import type { CommandContext } from './context.js';
import { importJson, importReport } from './import-report.js';
import { listenForInterrupt } from './interrupt.js';
import { writeJsonLine, writeLine, writeNote } from './output.js';

interface ImportFlags {
  readonly apply?: true;
  readonly mergeUsers?: true;
  readonly json?: true;
}

export function fillImportCommand(importCommand: Command, context: CommandContext): void {
  withImportFlags(
    importCommand
      .command('koreader-sync-server')
      .argument(
        '<source>',
        'redis://host:6379/1, or dump.rdb, appendonly.aof or the folder of the data of Redis',
      )
      .description(
        'users with the passwords that their readers have, and positions, from koreader-sync-server',
      )
      .option(
        '--redis-database <number>',
        'the database in Redis (default: that of the address, or 1)',
        databaseNumber,
      ),
  ).action((source: string, flags: ImportFlags & { readonly redisDatabase?: number }, command: Command) =>
    runImport(context, command, flags, (store, options) =>
      importKoreaderSyncServer(store, { source, redisDatabase: flags.redisDatabase }, options),
    ),
  );

  withImportFlags(
    importCommand
      .command('kosync-sqlite')
      .argument(
        '<file>',
        'the SQLite file of kosyncsrv, koreader-syncd, Calibre-Web-Automated, Stump, Komga or others',
      )
      .description('positions, and users where their passwords can be taken over, from other sync servers'),
  ).action((file: string, flags: ImportFlags, command: Command) =>
    runImport(context, command, flags, async (store, options) => {
      const { layout, tally } = await importKosyncSqlite(store, file, options);
      writeNote(`${file} is a database of ${layout}.`);
      return tally;
    }),
  );

  withImportFlags(
    importCommand
      .command('dogear')
      .argument('<file>', 'what "dogear export" has printed; - for standard input')
      .description('everything of another Dogear, on any database'),
  ).action((file: string, flags: ImportFlags, command: Command) =>
    runImport(context, command, flags, (store, options) =>
      importDogear(store, file === '-' ? process.stdin : file, options),
    ),
  );
}

function withImportFlags(command: Command): Command {
  return command
    .option('--apply', 'write; without it the command says what it would do, and writes nothing')
    .option(
      '--merge-users',
      'users of both servers with one name are one person, even where their passwords differ; Dogear keeps its own',
    )
    .option('--json', 'the counts as a JSON object');
}

/** As Redis counts them. */
function databaseNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give the number of a database, such as 1.');
}

/** Between two notes of a long import. */
const NOTE_EVERY_MS = 10_000;

async function runImport(
  context: CommandContext,
  command: Command,
  flags: ImportFlags,
  run: (store: ComposedStore, options: MoveOptions) => Promise<MoveTally>,
): Promise<void> {
  const isApplied = flags.apply === true;
  const interrupt = listenForInterrupt();
  let notedMs = performance.now();
  try {
    await withStore(context.configuration(command), async (store) => {
      const tally = await run(store, {
        isApplied,
        isSameName: flags.mergeUsers === true,
        signal: interrupt.signal,
        onProgress: ({ records }) => {
          if (performance.now() - notedMs < NOTE_EVERY_MS) return;
          notedMs = performance.now();
          writeNote(`${String(records)} users and positions so far …`);
        },
      });
      if (flags.json === true) writeJsonLine(importJson(tally, isApplied));
      else for (const line of importReport(tally, isApplied)) writeLine(line);
      if (!isApplied) writeNote('Nothing was written. The same command with --apply imports.');
    });
  } catch (error) {
    const code = interrupt.exitCode();
    if (code === undefined) throw error;
    writeNote(
      isApplied
        ? 'Stopped. What was imported stays; the same command goes on from there.'
        : 'Stopped. Nothing was written.',
    );
    context.exitWith(code);
  } finally {
    interrupt.release();
  }
}
