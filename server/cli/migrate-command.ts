import type { Command } from 'commander';
import { withStore } from '../compose/composed-store.js';
import type { CommandContext } from './context.js';
import { writeLine, writeNote } from './output.js';

export function fillMigrateCommand(migrate: Command, context: CommandContext): void {
  migrate.action((_flags: unknown, command: Command) =>
    // Opening the database applies the migrations.
    withStore(context.configuration(command), ({ migration: { applied, current, notes } }) => {
      for (const name of applied) writeLine(`applied ${name}`);
      for (const note of notes) writeNote(note);
      writeLine(
        applied.length === 0
          ? `The database is up to date (${String(current.length)} migrations).`
          : `The database is up to date now (${String(applied.length)} of ${String(current.length)} migrations applied).`,
      );
      return Promise.resolve();
    }),
  );
}
