import type { Command } from 'commander';
import { databaseLocation } from '../../config/database-url.js';
import { errorMessage } from '../domain/error-text.js';
import { passwordKeyOf } from '../accounts/passwords/password-key.js';
import { checkAddress } from '../probe/check-address.js';
import { operatorMessage } from '../compose/operator-error.js';
import { composeEngine } from '../compose/engine.js';
import { type ComposedStore, withStore } from '../compose/composed-store.js';
import type { CommandContext } from './context.js';
import { thisMachine } from '../overview/about.js';
import { examineDatabase } from '../overview/examine-database.js';
import { EXIT } from './exit-code.js';
import { writeLine } from './output.js';
import { readKnownPassword, readSecretAddress } from './read-password.js';

export function fillDoctorCommand(doctor: Command, context: CommandContext): void {
  doctor
    .option(
      '--url <address>',
      'check this address instead, as it is typed into KOReader; "-" asks for it, or reads it from standard input, so ' +
        'that its API key is not in the list of processes; nothing is stored there',
    )
    .option('--user <name>', 'log in at that address; the password is asked for, or read from standard input')
    .action(async ({ url, user }: DoctorFlags, command: Command) => {
      if (url !== undefined) {
        if (url === '-' && user !== undefined) {
          command.error('error: option \'--user\' needs the address as the argument of --url, not "-"');
        }
        const address = url === '-' ? await readSecretAddress() : url;
        if (!(await printAddress(address, user))) context.exitWith(EXIT.failed);
        return;
      }
      if (user !== undefined) command.error("error: option '--user' needs --url");
      const configuration = context.configuration(command);
      writeLine(`dogear    ${context.version}`);
      const { node, system, cores } = thisMachine();
      writeLine(`node      ${node} on ${system}`);
      writeLine(`cores     ${String(cores)}`);
      const engine = composeEngine(configuration);
      writeLine(`md5       ${engine.md5KernelName}`);
      const { name, reason } = engine.reads;
      writeLine(`reads     ${name}${reason === undefined ? '' : `: ${reason}`}`);
      await engine.close();
      try {
        // Loaded here: see serve-command.ts.
        const { httpLibrary } = await import('../compose/server.js');
        writeLine(`http      ${httpLibrary()}`);
      } catch (error) {
        writeLine(`http      ${errorMessage(error)}`);
        context.exitWith(EXIT.failed);
      }
      try {
        await withStore(configuration, (store) => printDatabase(store, configuration.database.url));
      } catch (error) {
        writeLine(`database  ${operatorMessage(error) ?? errorMessage(error)}`);
        context.exitWith(EXIT.failed);
      }
    });
}

interface DoctorFlags {
  readonly url?: string;
  readonly user?: string;
}

/** @returns whether KOReader can sync there */
async function printAddress(url: string, user: string | undefined): Promise<boolean> {
  const credentials =
    user === undefined ? undefined : { name: user, key: passwordKeyOf(await readKnownPassword(user)) };
  const { shownAddress, fault, isLoginTried, notes } = await checkAddress(url, credentials);
  if (fault === undefined) {
    writeLine(
      isLoginTried
        ? `${shownAddress}: KOReader can sync here.`
        : `${shownAddress}: KOReader finds Dogear here. No login was tried: give --user NAME, or an address with an API key.`,
    );
  } else {
    writeLine(shownAddress === undefined ? fault : `${shownAddress}: ${fault}`);
  }
  for (const note of notes) writeLine(`note: ${note}`);
  return fault === undefined;
}

async function printDatabase(store: ComposedStore, url: string): Promise<void> {
  const migrations = String(store.migration.current.length);
  const location = databaseLocation(url);
  const file = location?.dialect === 'sqlite' ? location.file : undefined;
  const { product, findings } = await examineDatabase(store, file);
  writeLine(
    `database  ${product.kind} ${product.version}, answers, schema current (${migrations} migrations)`,
  );
  for (const { subject, text } of findings) writeLine(`${subject.padEnd(10)}${text}`);
}
