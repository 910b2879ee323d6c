import type { Reply } from '../api.js';
import { counted } from '../parts/format.js';
import { shownText } from '../parts/path.js';
import { hrefOf } from '../router.js';

type Overview = Reply<'/overview', 'get'>;
type Need = Overview['needs_look'][number];

interface NeedWords {
  readonly tone: 'bad' | 'warning';
  readonly words: string;
  /** The words of the link to the place where something can be done. */
  readonly link: string;
  readonly to: string;
}

/** Something that somebody should look at. */
export function NeedLine({ need, overview }: { readonly need: Need; readonly overview: Overview }) {
  return <NeedItem {...needWords(need, overview)} says={need.says} />;
}

/** @param documents how many of the viewer's own have no book */
export function UnmatchedLine({ documents }: { readonly documents: number }) {
  return (
    <NeedItem
      tone="warning"
      words={`${counted(documents, 'document that your readers pushed is', 'documents that your readers pushed are')} no book of a library.`}
      link={documents === 1 ? 'Show it' : 'Show them'}
      to="unmatched"
    />
  );
}

function NeedItem({ tone, words, link, to, says }: NeedWords & { readonly says?: string | null }) {
  return (
    <li>
      <p class="line">
        <span class={tone}>{words}</span>
        <a class="whole" href={hrefOf(to)}>
          {link}
        </a>
      </p>
      {says == null ? null : <p class="faint small">{says}</p>}
    </li>
  );
}

function needWords({ kind, library_id: id, count }: Need, { libraries }: Overview): NeedWords {
  const library = libraries.find((each) => each.id === id);
  const name = shownText(library?.name ?? `Library ${String(id)}`);
  const toLibrary = `libraries/${String(id)}`;
  const toBooks = (state: string): string => `books?library=${String(id)}&state=${state}`;
  switch (kind) {
    case 'root':
      return {
        tone: 'bad',
        words: `${name}: the folder cannot be used.`,
        link: 'To the library',
        to: toLibrary,
      };
    case 'scan-failed':
      return {
        tone: 'bad',
        words: `${name}: the last scan failed.`,
        link: 'To the scan',
        to: library?.last_scan == null ? toLibrary : `scans/${String(library.last_scan.id)}`,
      };
    case 'never-scanned':
      return {
        tone: 'warning',
        words: `${name}: never scanned, so none of its books is known.`,
        link: 'Scan it',
        to: toLibrary,
      };
    case 'failed-files':
      return {
        tone: 'warning',
        words: `${name}: ${counted(count, 'file')} could not be read, and cannot sync.`,
        link: 'Show them',
        to: toBooks('failed'),
      };
    case 'no-hashes':
      return {
        tone: 'warning',
        words: `${name}: KOReader hashes are off, so ${counted(count, 'book')} cannot sync.`,
        link: 'To the library',
        to: toLibrary,
      };
    case 'missing-books':
      return {
        tone: 'warning',
        words: `${name}: ${counted(count, 'book is', 'books are')} missing. The last scan did not find the ${count === 1 ? 'file' : 'files'}.`,
        link: 'Show them',
        to: toBooks('missing'),
      };
    default:
      return kind satisfies never;
  }
}
