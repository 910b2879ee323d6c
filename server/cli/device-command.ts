import type { Command } from 'commander';
import { findDeviceKey } from '../device/find-device.js';
import { getUserByName } from '../accounts/get-user.js';
import { forgetDevice } from '../device/forget-device.js';
import { listDevices } from '../device/list-devices.js';
import { nameDevice } from '../device/name-device.js';
import { OPERATOR } from '../domain/actor.js';
import type { DeviceSummary } from '../device/device.js';
import type { PageRequest } from '../domain/page.js';
import { withStore } from '../compose/composed-store.js';
import { allPages } from './all-pages.js';
import type { CommandContext } from './context.js';
import { writeError, writeJsonLine, writeLine, writeNote } from './output.js';
import { EXIT } from './exit-code.js';
import { jsonTime, shownText, shownTime } from './shown-text.js';

const DEVICE = 'the id that "dogear device list" shows, the id that the device sends, or its name';

export function fillDeviceCommand(device: Command, context: CommandContext): void {
  device
    .command('list')
    .argument('<user>', 'name of the user')
    .description('list the devices of a user')
    .option('--json', 'one JSON object a line')
    .action((user: string, flags: { readonly json?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, user);
        let listed = 0;
        const read = (page: PageRequest<Buffer>) => listDevices(store, OPERATOR, id, page);
        for await (const each of allPages(read)) {
          listed++;
          if (flags.json === true) writeJsonLine(asJson(each));
          else writeLine(asText(each));
        }
        if (listed === 0) writeNote(`"${user}" has not synced yet.`);
      }),
    );

  device
    .command('name')
    .argument('<user>', 'name of the user')
    .argument('<device>', DEVICE)
    .argument('[friendly-name]', 'the friendly name')
    .description('give a device a friendly name')
    .option('--clear', 'remove the friendly name')
    .action(
      (
        user: string,
        called: string,
        friendlyName: string | undefined,
        flags: { readonly clear?: true },
        command: Command,
      ) =>
        withStore(context.configuration(command), async (store) => {
          if ((friendlyName === undefined) === (flags.clear === undefined)) {
            writeError('give a friendly name, or remove it with --clear.');
            context.exitWith(EXIT.usage);
            return;
          }
          const { id } = await getUserByName(store, user);
          const key = await findDeviceKey(store, id, called);
          const named = await nameDevice(store, OPERATOR, { userId: id, key }, friendlyName);
          writeLine(`Changed: ${asText(named)}`);
        }),
    );

  device
    .command('forget')
    .argument('<user>', 'name of the user')
    .argument('<device>', DEVICE)
    .description('remove a device from the list; its positions stay, and when it syncs it is listed again')
    .action((user: string, called: string, _flags: unknown, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, user);
        await forgetDevice(store, OPERATOR, { userId: id, key: await findDeviceKey(store, id, called) });
        writeLine(`Forgot the device "${shownText(called)}".`);
      }),
    );
}

function asText({
  key,
  name,
  readerId,
  friendlyName,
  firstSeenSeconds,
  lastSeenSeconds,
}: DeviceSummary): string {
  const friendly = friendlyName === undefined ? '' : `${shownText(friendlyName)}, `;
  const id = readerId === undefined ? 'sends no id' : `id ${shownText(readerId)}`;
  return (
    `${key.toString('base64url')}: ${friendly}${shownText(name)}, ${id}, ` +
    `seen ${shownTime(firstSeenSeconds)} to ${shownTime(lastSeenSeconds)}`
  );
}

function asJson(device: DeviceSummary): object {
  return {
    id: device.key.toString('base64url'),
    user_id: device.userId,
    name: device.name,
    device_id: device.readerId ?? null,
    friendly_name: device.friendlyName ?? null,
    first_seen: jsonTime(device.firstSeenSeconds),
    last_seen: jsonTime(device.lastSeenSeconds),
  };
}
