import type { Command } from 'commander';
import { describeConfiguration, settingDescriptions } from '../../config/describe.js';
import type { CommandContext } from './context.js';
import { writeJsonLine, writeLine } from './output.js';

export function fillConfigCommand(config: Command, context: CommandContext): void {
  config.option('--json', 'as JSON').action((flags: { readonly json?: true }, command: Command) => {
    const loaded = context.loaded(command);
    if (flags.json === true) writeJsonLine(settingDescriptions(loaded));
    else writeLine(describeConfiguration(loaded));
  });
}
