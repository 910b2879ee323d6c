import { arch, availableParallelism, platform, release } from 'node:os';
import type { Command } from 'commander';
import { errorMessage } from '../domain/error-text.js';
import { httpLibrary } from '../compose/server.js';
import { composeEngine, type ComposedStore, withStore } from '../compose/program.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { writeLine } from './output.js';

export function addDoctorCommand(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('show what this machine offers, and check that the database answers')
    .action(async (_flags: unknown, command: Command) => {
      const configuration = context.configuration(command);
      writeLine(`dogear    ${context.version}`);
      writeLine(`node      ${process.version} on ${platform()} ${release()} ${arch()}`);
      writeLine(`cores     ${String(availableParallelism())}`);
      const engine = composeEngine(configuration);
      writeLine(`md5       ${engine.md5KernelName}`);
      const { name, reason } = engine.reads;
      writeLine(`reads     ${name}${reason === undefined ? '' : `: ${reason}`}`);
      await engine.close();
      try {
        writeLine(`http      ${httpLibrary()}`);
      } catch (error) {
        writeLine(`http      ${errorMessage(error)}`);
        context.exitWith(EXIT.failed);
      }
      try {
        await withStore(configuration, printDatabase);
      } catch (error) {
        writeLine(`database  ${errorMessage(error)}`);
        context.exitWith(EXIT.failed);
      }
    });
}

/** A database whose memory sizes cannot be read still answers, so the command does not fail. */
async function printDatabase(store: ComposedStore): Promise<void> {
  const migrations = String(store.migration.current.length);
  writeLine(`database  ${store.dialect}, answers, schema current (${migrations} migrations)`);
  try {
    const memory = await store.memory();
    if (memory !== undefined) writeLine(`memory    ${memoryText(memory)}`);
  } catch (error) {
    writeLine(`memory    cannot be read: ${errorMessage(error)}`);
  }
}

function memoryText({
  poolBytes,
  tableBytes,
  isEnough,
}: NonNullable<Awaited<ReturnType<ComposedStore['memory']>>>): string {
  const sizes = `buffer pool of ${mebibytes(poolBytes)}, tables of ${mebibytes(tableBytes)}`;
  return isEnough
    ? sizes
    : `${sizes}: too small, reads will wait for the disk; raise innodb_buffer_pool_size (server/OPERATING.md)`;
}

function mebibytes(bytes: number): string {
  return `${String(Math.ceil(bytes / 2 ** 20))} MiB`;
}
