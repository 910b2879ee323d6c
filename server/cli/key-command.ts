import { type Command, InvalidArgumentError } from 'commander';
import { addApiKey } from '../accounts/keys/add-api-key.js';
import { getUserByName } from '../accounts/get-user.js';
import { listApiKeys } from '../accounts/keys/list-api-keys.js';
import { revokeApiKey } from '../accounts/keys/revoke-api-key.js';
import { OPERATOR } from '../domain/actor.js';
import { findApiKeyCalled } from '../accounts/keys/find-api-key.js';
import type { ApiKeySummary } from '../accounts/keys/api-key.js';
import type { ApiKeyId } from '../domain/ids.js';
import type { PageRequest } from '../domain/page.js';
import type { Permission } from '../domain/permission.js';
import { withStore } from '../compose/composed-store.js';
import { allPages } from './all-pages.js';
import type { CommandContext } from './context.js';
import { writeJsonLine, writeLine, writeNote } from './output.js';
import { permissionsOption } from './list-options.js';
import { jsonTime, shownText, shownTime } from './shown-text.js';

interface AddFlags {
  readonly permissions: ReadonlySet<Permission>;
  readonly expires?: number;
  readonly json?: true;
}

const SYNC: ReadonlySet<Permission> = new Set(['feature:koreader_sync']);

export function fillKeyCommand(key: Command, context: CommandContext): void {
  key
    .command('list')
    .argument('<user>', 'name of the user')
    .description('list the API keys of a user, revoked ones included')
    .option('--json', 'one JSON object a line')
    .action((user: string, flags: { readonly json?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, user);
        let listed = 0;
        const read = (page: PageRequest<ApiKeyId>) => listApiKeys(store, OPERATOR, id, page);
        for await (const each of allPages(read)) {
          listed++;
          if (flags.json === true) writeJsonLine(asJson(each));
          else writeLine(asText(each));
        }
        if (listed === 0)
          writeNote(`"${user}" has no API key; make one with "dogear key add ${user} KEYNAME".`);
      }),
    );

  key
    .command('add')
    .argument('<user>', 'name of the user')
    .argument('<name>', 'what the key is for, for example "Kobo"')
    .description('make an API key and print it; it is not shown again')
    .addOption(permissionsOption('what the key permits', SYNC, 'sync'))
    .option('--expires <date>', 'when the key expires, for example 2030-01-31 (default: never)', parseDate)
    .option('--json', 'the key as a JSON object')
    .action((user: string, name: string, flags: AddFlags, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, user);
        const added = await addApiKey(store, OPERATOR, {
          userId: id,
          name,
          permissions: flags.permissions,
          expiresSeconds: flags.expires,
        });
        if (flags.json === true) {
          writeJsonLine({ ...asJson(added.key), key: added.text });
          return;
        }
        // Scripts read the key from standard output, so nothing else is written there.
        writeLine(added.text);
        writeNote(
          'The key is not shown again. On the reader, the address of the custom sync server is the address of Dogear',
        );
        writeNote(`followed by /koreader/${added.text}`);
      }),
    );

  key
    .command('revoke')
    .argument(
      '<key>',
      'the id that the list shows, the first characters if no other key has them, or the key itself',
    )
    .description('revoke an API key for good, on every server within five seconds')
    .action((text: string, _flags: unknown, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await findApiKeyCalled(store, text);
        const { prefix, name } = await revokeApiKey(store, OPERATOR, id);
        writeLine(`Revoked the API key ${String(id)} (${prefix}…, "${shownText(name)}").`);
      }),
    );
}

function parseDate(value: string): number {
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.test(value);
  const ms = isDate ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms) || !isDay(value.slice(0, 'yyyy-mm-dd'.length))) {
    throw new InvalidArgumentError(
      'Expected a date such as 2030-01-31, or a time such as 2030-01-31T12:00Z.',
    );
  }
  return Math.floor(ms / 1000);
}

/** `Date.parse` takes 30 February for 2 March. */
function isDay(date: string): boolean {
  return new Date(Date.parse(date)).toISOString().startsWith(date);
}

function asText({ id, prefix, name, permissions, ...key }: ApiKeySummary): string {
  const state =
    key.revokedSeconds === undefined
      ? key.expiresSeconds === undefined
        ? []
        : [`expires ${shownTime(key.expiresSeconds)}`]
      : [`revoked ${shownTime(key.revokedSeconds)}`];
  const parts = [
    [...permissions].join(' ') || 'no permissions',
    ...state,
    `last used ${shownTime(key.lastUsedSeconds)}`,
  ];
  return `${String(id)} (${prefix}…): ${shownText(name)}: ${parts.join('; ')}`;
}

function asJson(key: ApiKeySummary): object {
  return {
    id: key.id,
    user_id: key.userId,
    name: key.name,
    prefix: key.prefix,
    permissions: [...key.permissions],
    created_at: jsonTime(key.createdSeconds),
    expires_at: jsonTime(key.expiresSeconds),
    last_used_at: jsonTime(key.lastUsedSeconds),
    revoked_at: jsonTime(key.revokedSeconds),
  };
}
