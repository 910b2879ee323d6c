import type { Command } from 'commander';
import { makeConsoleLink } from '../accounts/sessions/console-link.js';
import { withStore } from '../compose/composed-store.js';
import { DogearError } from '../domain/dogear-error.js';
import type { CommandContext } from './context.js';
import { writeLine, writeNote } from './output.js';
import { serverAddress } from './run-server.js';
import { consoleAddress } from './setup-offer.js';
import { shownText } from './shown-text.js';

export function fillConsoleCommand(console: Command, context: CommandContext): void {
  console
    .argument('[owner]', 'name of the owner (default: the one who has been there longest)')
    .action((name: string | undefined, _flags: unknown, command: Command) => {
      const configuration = context.configuration(command);
      if (!configuration.console.enabled) {
        throw new DogearError('console-off', 'The console is switched off by the setting console.enabled.');
      }
      return withStore(configuration, async (store) => {
        const link = await makeConsoleLink(store, name);
        // Scripts read the link from standard output, so nothing else is written there.
        writeLine(consoleAddress(serverAddress(configuration, configuration.server.port), link));
        writeNote(
          link.kind === 'setup'
            ? 'No owner can sign in yet. Whoever opens the link within 24 hours becomes the owner.'
            : `Whoever opens the link within ten minutes is signed in as "${shownText(link.owner.name)}". It works once.`,
        );
      });
    });
}
