import type { Command } from 'commander';
import { deletePosition } from '../sync/delete-position.js';
import { getUserByName } from '../accounts/get-user.js';
import { listProgress } from '../sync/list-progress.js';
import type { ShownDocument } from '../sync/documents-shown.js';
import { getDocument } from '../sync/get-document.js';
import { getHistory } from '../sync/get-history.js';
import type { HistoryCursor, ShownHistoryEntry } from '../sync/history.js';
import { deviceKey } from '../device/device.js';
import { OPERATOR } from '../domain/actor.js';
import type { DevicePosition, DocumentCursor, PositionCursor } from '../sync/progress.js';
import type { Document } from '../domain/document.js';
import type { PageRequest } from '../domain/page.js';
import { withStore } from '../compose/composed-store.js';
import { allPages } from './all-pages.js';
import type { CommandContext } from './context.js';
import { documentArgument } from './document-argument.js';
import { writeJsonLine, writeLine, writeNote } from './output.js';
import { jsonPath, jsonTime, shownPath, shownText, shownTime } from './shown-text.js';

export function fillProgressCommand(progress: Command, context: CommandContext): void {
  progress
    .command('list')
    .argument('<user>', 'name of the user')
    .description('list the documents that a user has progress in, the last pushed first')
    .option('--json', 'one JSON object a line')
    .action((user: string, flags: { readonly json?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, user);
        let listed = 0;
        const read = (page: PageRequest<DocumentCursor>) => listProgress(store, OPERATOR, id, page);
        for await (const each of allPages(read)) {
          listed++;
          if (flags.json === true) writeJsonLine(progressJson(each));
          else writeLine(progressText(each));
        }
        if (listed === 0) writeNote(`"${user}" has no progress yet.`);
      }),
    );

  progress
    .command('show')
    .argument('<user>', 'name of the user')
    .argument('<document>', 'as "dogear progress list" shows it', documentArgument)
    .description('show the last position of each device in a document, newest first; readers get the newest')
    .option('--json', 'one JSON object a line')
    .action((user: string, document: Document, flags: { readonly json?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, user);
        const read = async (page: PageRequest<PositionCursor>) =>
          (await getDocument(store, OPERATOR, { userId: id, document }, page)).positions;
        for await (const each of allPages(read)) {
          if (flags.json === true) writeJsonLine(devicePositionJson(each));
          else writeLine(positionText(each, document));
        }
      }),
    );

  progress
    .command('history')
    .argument('<user>', 'name of the user')
    .argument('<document>', 'as "dogear progress list" shows it', documentArgument)
    .description('show how far a user had read a document and when, newest first')
    .option('--json', 'one JSON object a line')
    .action((user: string, document: Document, flags: { readonly json?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, user);
        let listed = 0;
        const read = (page: PageRequest<HistoryCursor>) =>
          getHistory(store, OPERATOR, { userId: id, document }, page);
        for await (const each of allPages(read)) {
          listed++;
          if (flags.json === true) writeJsonLine(historyEntryJson(each));
          else writeLine(historyText(each));
        }
        if (listed === 0) writeNote('There is no history of this document yet.');
      }),
    );

  progress
    .command('delete')
    .argument('<user>', 'name of the user')
    .argument('<document>', 'as "dogear progress list" shows it', documentArgument)
    .argument('<device>', 'the id of the device, as "dogear progress show" shows it')
    .description('delete the position of one device in a document; readers then get the newest of the others')
    .action((user: string, document: Document, device: string, _flags: unknown, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, user);
        await deletePosition(store, OPERATOR, { userId: id, document }, Buffer.from(device, 'base64url'));
        writeLine(`Deleted the position of the device ${shownText(device)}.`);
      }),
    );
}

function progressText({ record, devices, book }: ShownDocument): string {
  const path = book === undefined ? '' : ` (${shownPath(book.path)})`;
  const others = devices === 1 ? '' : `, ${String(devices)} devices`;
  return `${shownText(record.document)}${path}: ${percent(record.percentage)} on ${shownText(record.device.name)}, ${shownTime(record.pushedMs / 1000)}${others}`;
}

function progressJson({ record, devices, book }: ShownDocument): object {
  return {
    document: record.document,
    ...(book === undefined ? {} : { book_id: book.id, ...jsonPath(book.path) }),
    progress: record.position,
    percentage: record.percentage,
    device: record.device.name,
    pushed_at: jsonTime(record.pushedMs / 1000),
    devices,
  };
}

/** @param document the one that was asked for; a device may know the same book by another digest */
function positionText(position: DevicePosition, document: Document): string {
  const name = position.friendlyName ?? position.deviceName;
  return (
    `${position.deviceKey.toString('base64url')}: ${shownText(name)}: ${percent(position.percentage)}, ` +
    `${shownTime(position.pushedMs / 1000)}, at ${shownText(position.position)}` +
    (position.document === document ? '' : `, as ${shownText(position.document)}`)
  );
}

function devicePositionJson(position: DevicePosition): object {
  return {
    device: {
      id: position.deviceKey.toString('base64url'),
      name: position.deviceName,
      device_id: position.readerId ?? null,
      friendly_name: position.friendlyName ?? null,
    },
    document: position.document,
    progress: position.position,
    percentage: position.percentage,
    pushed_at: jsonTime(position.pushedMs / 1000),
  };
}

function historyText({ friendlyName, device, percentage, pushedMs, position }: ShownHistoryEntry): string {
  const name = shownText(friendlyName ?? device.name);
  return `${shownTime(pushedMs / 1000)}: ${percent(percentage)} on ${name}, at ${shownText(position)}`;
}

function historyEntryJson(entry: ShownHistoryEntry): object {
  return {
    pushed_at: jsonTime(entry.pushedMs / 1000),
    percentage: entry.percentage,
    progress: entry.position,
    device: {
      id: Buffer.from(deviceKey(entry.device)).toString('base64url'),
      name: entry.device.name,
      device_id: entry.device.id ?? null,
      friendly_name: entry.friendlyName ?? null,
    },
    document: entry.document,
  };
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}
