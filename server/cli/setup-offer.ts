import { rmSync, writeFileSync } from 'node:fs';
import { databaseLocation } from '../../config/database-url.js';
import type { Configuration } from '../../config/schema.js';
import { type ConsoleLink, makeSetupLink } from '../accounts/sessions/console-link.js';
import { operatorMessage } from '../compose/operator-error.js';
import { withStore } from '../compose/composed-store.js';
import type { RunningServer } from '../compose/server.js';
import { errorMessage } from '../domain/error-text.js';
import { serverAddress } from './run-server.js';

/** The address of a link. The token is behind the `#`: browsers never send that part, so no log has it. */
export function consoleAddress(serverUrl: string, { kind, token }: ConsoleLink): string {
  return `${serverUrl}/ui/${kind}#${token}`;
}

/** How people learn of the link while no owner can sign in. */
type SetupOffer =
  | { readonly kind: 'address'; readonly address: string }
  /** Only the user who runs the server may read the file. */
  | { readonly kind: 'file'; readonly file: string }
  /** No file can be written beside the database. */
  | { readonly kind: 'command' };

/**
 * Says where the setup link is while no owner can sign in; nothing when an owner can, or when the console is switched off.
 * The whole link is for a terminal alone: what goes elsewhere is kept, and read by others.
 *
 * Never rejects: the server goes on without.
 *
 * @param say writes the lines where people read them. Is it a terminal?
 */
export async function announceSetup(
  server: Pick<RunningServer, 'port' | 'log'>,
  configuration: Configuration,
  { isTerminal, say }: { readonly isTerminal: boolean; readonly say: (lines: readonly string[]) => void },
): Promise<void> {
  try {
    const serverUrl = serverAddress(configuration, server.port);
    const offer = await offerSetup(configuration, serverUrl, isTerminal);
    if (offer !== undefined) say(offerLines(offer));
  } catch (error) {
    server.log.warn(
      { error: operatorMessage(error) ?? errorMessage(error) },
      'no link for setting up the owner was made; once this is mended, "dogear console" prints one',
    );
  }
}

async function offerSetup(
  configuration: Configuration,
  serverUrl: string,
  isTerminal: boolean,
): Promise<SetupOffer | undefined> {
  if (!configuration.console.enabled) return undefined;
  const file = linkFile(configuration);
  const isGone = file === undefined || removed(file);
  const link = await withStore(configuration, makeSetupLink);
  if (link === undefined) return undefined;
  const address = consoleAddress(serverUrl, link);
  if (isTerminal) return { kind: 'address', address };
  if (file === undefined || !isGone) return { kind: 'command' };
  try {
    // A new file, so that neither a link to another one nor a wider mode of an old one is followed.
    writeFileSync(file, `${address}\n`, { flag: 'wx', mode: 0o600 });
    return { kind: 'file', file };
  } catch {
    // A folder that is read-only, a full disk, or another server that starts at the same moment. The command works in any
    // case. Half a link is worse than none.
    removed(file);
    return { kind: 'command' };
  }
}

/** @returns whether the file is not there any more */
function removed(file: string): boolean {
  try {
    rmSync(file, { force: true });
    return true;
  } catch {
    return false; // a folder that is read-only
  }
}

/** Beside the SQLite file. A database server has no folder here. */
function linkFile({ database }: Configuration): string | undefined {
  const location = databaseLocation(database.url);
  return location?.dialect === 'sqlite' ? `${location.file}-setup-link` : undefined;
}

function offerLines(offer: SetupOffer): readonly string[] {
  const begin = 'No owner can sign in to the pages for browsers yet.';
  switch (offer.kind) {
    case 'address':
      return [`${begin} Open this address within 24 hours to become the owner:`, `  ${offer.address}`];
    case 'file':
      return [`${begin} The link that makes one is in ${offer.file}`];
    case 'command':
      return [`${begin} "dogear console" prints a link that makes one.`];
    default:
      return offer satisfies never;
  }
}
