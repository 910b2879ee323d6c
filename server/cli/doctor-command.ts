import { arch, availableParallelism, platform, release } from 'node:os';
import type { Command } from 'commander';
import { composeEngine, composeStore } from '../compose/program.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { writeLine } from './output.js';

export function addDoctorCommand(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('check what this machine offers and whether the database answers')
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
        const store = await composeStore(configuration);
        const { current } = store.migration;
        await store.close();
        writeLine(
          `database  ${store.dialect}, answers, schema current (${String(current.length)} migrations)`,
        );
      } catch (error) {
        writeLine(`database  ${error instanceof Error ? error.message : String(error)}`);
        context.exitWith(EXIT.failed);
      }
    });
}
