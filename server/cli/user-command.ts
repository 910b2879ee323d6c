import type { Command } from 'commander';
import { addUser } from '../accounts/add-user.js';
import { changeUser } from '../accounts/change-user.js';
import { getUserByName } from '../accounts/get-user.js';
import type { AddedUser } from '../accounts/insert-new-user.js';
import { listUsers } from '../accounts/list-users.js';
import { headerFormOf } from '../accounts/user-name.js';
import { setPassword } from '../accounts/set-password.js';
import { OPERATOR } from '../domain/actor.js';
import type { Permission } from '../domain/permission.js';
import type { UserSummary } from '../accounts/user.js';
import { withStore } from '../compose/composed-store.js';
import { type LastSeen, withLastSeen } from '../device/with-last-seen.js';
import { deleteUser } from '../removal/delete-user.js';
import { allPages } from './all-pages.js';
import type { CommandContext } from './context.js';
import { writeJsonLine, writeLine, writeNote } from './output.js';
import { parsePermissionList, PERMISSIONS_FLAG, permissionsOption } from './list-options.js';
import { readPassword } from './read-password.js';
import { jsonTime, shownTime } from './shown-text.js';

interface AddFlags {
  readonly permissions: ReadonlySet<Permission>;
  readonly owner?: true;
  readonly password?: true;
  readonly json?: true;
}

interface SetFlags {
  readonly name?: string;
  readonly permissions?: ReadonlySet<Permission>;
  readonly owner?: boolean;
}

const READER: ReadonlySet<Permission> = new Set(['feature:koreader_sync', 'feature:api_keys']);

export function fillUserCommand(user: Command, context: CommandContext): void {
  user
    .command('list')
    .description('list the users')
    .option('--json', 'one JSON object a line')
    .action((flags: { readonly json?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        let listed = 0;
        const readPage = async (page: Parameters<typeof listUsers>[1]) => {
          const { items, next } = await listUsers(store, page);
          return { items: await withLastSeen(store, items), next };
        };
        for await (const each of allPages(readPage)) {
          listed++;
          if (flags.json === true) writeJsonLine(asJson(each));
          else writeLine(`${asText(each)}, ${lastSeen(each)}`);
        }
        if (listed === 0) writeNote('There is no user yet; add one with "dogear user add NAME".');
      }),
    );

  user
    .command('add')
    .argument('<name>', 'name of the user')
    .description('add a user, who then needs an API key ("dogear key add") or a password')
    .addOption(
      permissionsOption(
        'what the user may do, for example library:scan,user:manage',
        READER,
        'sync, and manage own API keys',
      ),
    )
    .option('--owner', 'the user may do everything')
    .option('--password', 'ask for a password, or read it from the first line of standard input')
    .option('--json', 'the user as a JSON object')
    .action((name: string, flags: AddFlags, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const password = flags.password === true ? await readPassword(name) : undefined;
        const added = await addUser(store, OPERATOR, {
          name,
          password,
          permissions: flags.permissions,
          isOwner: flags.owner === true,
        });
        if (flags.json === true)
          writeJsonLine({
            ...asJson({ ...added, lastSeenSeconds: undefined }),
            takes_header_of: added.takesHeaderOf ?? null,
          });
        else writeLine(`Added the user ${asText(added)}`);
        noteHeader(added);
        if (password === undefined) {
          writeNote(`"${name}" has no password; make an API key with "dogear key add ${name} KEYNAME".`);
        }
      }),
    );

  user
    .command('set')
    .argument('<name>', 'name of the user')
    .description('change the name of a user, or what a user may do, on every server within five seconds')
    .option('--name <name>', 'a new name, which readers with a password then log in with')
    .option(
      PERMISSIONS_FLAG,
      'the new permissions, instead of the present ones; "none" for none',
      parsePermissionList,
    )
    .option('--owner', 'the user may do everything')
    .option('--no-owner', 'the user may do only what its permissions say')
    .action((name: string, flags: SetFlags, command: Command) =>
      change(context, command, name, {
        name: flags.name,
        permissions: flags.permissions,
        isOwner: flags.owner,
      }),
    );

  for (const isDisabled of [true, false]) {
    user
      .command(isDisabled ? 'disable' : 'enable')
      .argument('<name>', 'name of the user')
      .description(
        isDisabled
          ? 'refuse the password and all API keys of a user; nothing is removed'
          : 'undo "dogear user disable"',
      )
      .action((name: string, _flags: unknown, command: Command) =>
        change(context, command, name, { isDisabled }),
      );
  }

  user
    .command('remove')
    .argument('<name>', 'name of the user')
    .description('remove a user with API keys, devices and progress, which cannot be undone')
    .action((name: string, _flags: unknown, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const removed = await getUserByName(store, name);
        await deleteUser(store, OPERATOR, removed.id);
        writeLine(`Removed the user "${removed.name}".`);
      }),
    );

  user
    .command('password')
    .argument('<name>', 'name of the user')
    .description('set a password, asked for or read from the first line of standard input')
    .option('--remove', 'remove the password, so that only API keys work')
    .action((name: string, flags: { readonly remove?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, name);
        await setPassword(store, OPERATOR, id, flags.remove === true ? undefined : await readPassword(name));
        writeLine(
          flags.remove === true
            ? `"${name}" has no password any more.`
            : `The password of "${name}" is set. On the reader, log in with it again.`,
        );
      }),
    );
}

function change(
  context: CommandContext,
  command: Command,
  name: string,
  changes: Parameters<typeof changeUser>[3],
): Promise<void> {
  return withStore(context.configuration(command), async (store) => {
    const { id } = await getUserByName(store, name);
    const changed = await changeUser(store, OPERATOR, id, changes);
    writeLine(`Changed: ${asText(changed)}`);
    if (changed.name === changed.formerName) return;
    noteHeader(changed);
    if (changed.passwordHash !== undefined) {
      writeNote(`Readers that log in as "${changed.formerName}" have to log in as "${changed.name}".`);
    }
  });
}

/** What a new name means for KOReader, which sends it in a header. */
function noteHeader({ name, passwordHash, takesHeaderOf }: AddedUser): void {
  if (takesHeaderOf !== undefined) {
    writeNote(
      `KOReader sends the name "${takesHeaderOf}" in a header where it arrives like "${name}". The password of "${takesHeaderOf}" no longer works in KOReader; make an API key with "dogear key add ${takesHeaderOf} KEYNAME".`,
    );
  }
  if (passwordHash !== undefined && headerFormOf(name) === '') {
    writeNote(
      `KOReader cannot send the name "${name}". For a reader make an API key with "dogear key add ${name} KEYNAME".`,
    );
  }
}

function asText({
  name,
  isOwner,
  permissions,
  isDisabled,
  passwordHash,
  createdSeconds,
}: UserSummary): string {
  const may = isOwner ? 'owner' : [...permissions].join(' ') || 'no permissions';
  const more = [
    ...(isDisabled ? ['disabled'] : []),
    passwordHash === undefined ? 'API keys only' : 'with a password',
    `since ${shownTime(createdSeconds)}`,
  ];
  return `${name}: ${may}; ${more.join(', ')}`;
}

function lastSeen({ lastSeenSeconds }: LastSeen): string {
  return lastSeenSeconds === undefined ? 'not seen yet' : `last seen ${shownTime(lastSeenSeconds)}`;
}

function asJson({ id, name, isOwner, permissions, isDisabled, ...user }: UserSummary & LastSeen): object {
  return {
    id,
    name,
    owner: isOwner,
    permissions: [...permissions],
    disabled: isDisabled,
    has_password: user.passwordHash !== undefined,
    created_at: jsonTime(user.createdSeconds),
    last_seen_at: jsonTime(user.lastSeenSeconds),
  };
}
