import type { Command } from 'commander';
import { getUserByName } from '../accounts/get-user.js';
import { OPERATOR } from '../domain/actor.js';
import type { PageRequest } from '../domain/page.js';
import type { SuggestionReason } from '../sync/suggest-books.js';
import { listUnmatched, type SuggestedUnmatched } from '../sync/list-unmatched.js';
import type { UnmatchedCursor } from '../sync/unmatched-document.js';
import { withStore } from '../compose/composed-store.js';
import { countedNoun } from './counted-noun.js';
import { allPages } from './all-pages.js';
import type { CommandContext } from './context.js';
import { writeJsonLine, writeLine, writeNote } from './output.js';
import { jsonPath, jsonTime, shownPath, shownText, shownTime } from './shown-text.js';

export function fillUnmatchedCommand(unmatched: Command, context: CommandContext): void {
  unmatched
    .command('list')
    .argument('<user>', 'name of the user')
    .description('list the documents that the devices of a user push in vain, the last pushed first')
    .option('--json', 'one JSON object a line')
    .action((user: string, flags: { readonly json?: true }, command: Command) =>
      withStore(context.configuration(command), async (store) => {
        const { id } = await getUserByName(store, user);
        let listed = 0;
        const read = (page: PageRequest<UnmatchedCursor>) => listUnmatched(store, OPERATOR, id, page);
        for await (const each of allPages(read)) {
          listed++;
          if (flags.json === true) writeJsonLine(asJson(each));
          else {
            writeLine(asText(each));
            for (const { book, reason } of each.suggestions) {
              writeLine(`  may be the book ${String(book.id)}, ${shownPath(book.path)}: ${REASONS[reason]}`);
            }
          }
        }
        if (listed === 0) writeNote(`Every document that "${user}" has pushed found its book.`);
      }),
    );
}

const REASONS: Readonly<Record<SuggestionReason, string>> = {
  'same-file-name': 'its file has this name',
  'title-and-author': 'it has this title and author',
  'other-format': 'its file has this name in another format',
  title: 'its file is named after the title',
};

function asText({
  document,
  percentage,
  device,
  friendlyName,
  metadataJson,
  pushes,
  lastSeenMs,
}: SuggestedUnmatched): string {
  const about = metadataJson === undefined ? '' : ` ${shownText(metadataJson)}`;
  const name = shownText(friendlyName ?? device.name);
  return (
    `${shownText(document)}${about}: ${(percentage * 100).toFixed(1)} % on ${name}, ` +
    `pushed ${countedNoun(pushes, 'time')}, last ${shownTime(lastSeenMs / 1000)}`
  );
}

function asJson({
  document,
  percentage,
  position,
  device,
  friendlyName,
  metadataJson,
  pushes,
  firstSeenMs,
  lastSeenMs,
  suggestions,
}: SuggestedUnmatched): object {
  return {
    document,
    progress: position,
    percentage,
    device: device.name,
    device_id: device.id ?? null,
    friendly_name: friendlyName ?? null,
    metadata: metadataJson === undefined ? null : (JSON.parse(metadataJson) as unknown),
    first_seen: jsonTime(firstSeenMs / 1000),
    last_seen: jsonTime(lastSeenMs / 1000),
    pushes,
    suggestions: suggestions.map(({ book, reason }) => ({
      book_id: book.id,
      ...jsonPath(book.path),
      reason,
    })),
  };
}
