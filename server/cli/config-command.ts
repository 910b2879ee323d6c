import type { Command } from 'commander';
import { describeConfiguration, settingDescriptions } from '../../config/describe.js';
import type { CommandContext } from './context.js';
import { writeJsonLine, writeLine } from './output.js';

export function addConfigCommand(program: Command, context: CommandContext): void {
  program
    .command('config')
    .description('print every setting with its value and the source of the value; secrets are masked')
    .option('--json', 'as JSON')
    .action((flags: { readonly json?: true }, command: Command) => {
      const loaded = context.loaded(command);
      if (flags.json === true) writeJsonLine(settingDescriptions(loaded));
      else writeLine(describeConfiguration(loaded));
    });
}
