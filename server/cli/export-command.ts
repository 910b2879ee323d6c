import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { withStore } from '../compose/composed-store.js';
import { errorCode, errorMessage } from '../domain/error-text.js';
import { exportLines } from '../moving/dogear-export.js';
import { exportRecords } from '../moving/export-records.js';
import { MoveError } from '../moving/move-error.js';
import type { CommandContext } from './context.js';
import { writeLines } from './output.js';
import { pathArgument } from './path-argument.js';
import { shownPath } from './shown-text.js';

interface ExportFlags {
  readonly secrets?: true;
  readonly output?: Buffer;
}

export function fillExportCommand(exportCommand: Command, context: CommandContext): void {
  exportCommand
    .option(
      '--secrets',
      'with the hashes of passwords and API keys, so that everybody logs in as before; keep the file secret',
    )
    .option('--output <file>', 'a new file, that only you can read, instead of standard output', pathArgument)
    .action((flags: ExportFlags, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const hasSecrets = flags.secrets === true;
        const records = exportRecords(store, { withSecrets: hasSecrets });
        const header = { madeBy: context.version, exportedMs: Date.now(), hasSecrets };
        const lines = exportLines(records, header);
        if (flags.output === undefined) for await (const part of lines) await writeLines(part);
        else await writeFile(flags.output, lines);
      }),
    );
}

async function writeFile(file: Buffer, lines: AsyncIterable<readonly string[]>): Promise<void> {
  // Not over a file that is there: with other rights it would show the secrets.
  const handle = await written(file, open(file, 'wx', 0o600));
  try {
    for await (const part of lines) {
      if (part.length > 0) await written(file, handle.appendFile(`${part.join('\n')}\n`));
    }
    await written(file, handle.sync());
  } finally {
    await handle.close();
  }
}

/** @throws MoveError */
async function written<Value>(file: Buffer, work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw new MoveError(
      errorCode(error) === 'EEXIST'
        ? `There is a file ${shownPath(file)} already. Remove it, or choose another name.`
        : `${shownPath(file)} cannot be written: ${errorMessage(error)}.`,
      error,
    );
  }
}
