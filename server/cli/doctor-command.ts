import { arch, availableParallelism, platform, release } from 'node:os';
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { databaseLocation } from '../../config/database-url.js';
import { errorMessage } from '../domain/error-text.js';
import { httpLibrary } from '../compose/server.js';
import { passwordKeyOf } from '../accounts/passwords/password-key.js';
import { checkAddress } from '../probe/check-address.js';
import { operatorMessage } from '../compose/operator-error.js';
import { composeEngine, type ComposedStore, withStore } from '../compose/program.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { writeLine } from './output.js';
import { readKnownPassword, readSecretAddress } from './read-password.js';

export function addDoctorCommand(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description(
      'show what this machine offers, and check that the database answers; or speak to an address as KOReader does, and ' +
        'say what keeps it from syncing',
    )
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
        const readable = othersMayRead(configuration.database.url);
        if (readable !== undefined) writeLine(`mode      ${readable}`);
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

/** Older versions left the mode of the file to the umask, usually 0644. New files are 0600. */
function othersMayRead(url: string): string | undefined {
  const location = databaseLocation(url);
  if (location?.dialect !== 'sqlite') return undefined;
  const { file } = location;
  const mode = statSync(file, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & 0o004) === 0) return undefined;
  return `every user of this machine can read ${file}, with its password hashes: chmod 600 ${file}*`;
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
