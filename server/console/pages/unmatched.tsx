import { useSignal } from '@preact/signals';
import { get, remove, type Reply } from '../api.js';
import { ConfirmDialog } from '../parts/dialog.jsx';
import { counted, day, percent } from '../parts/format.js';
import { LinkDialog } from '../parts/link-dialog.jsx';
import { MoreButton } from '../parts/more-button.jsx';
import { usePagedList } from '../parts/paged-list.js';
import { shownText, splitPath } from '../parts/path.js';
import { Empty, Pending } from '../parts/problem.jsx';
import { deviceTitle, documentAuthors, documentTitle } from '../parts/reader-names.js';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { Why } from '../parts/why.jsx';
import { hrefOf } from '../router.js';

type Item = Reply<'/unmatched', 'get'>['items'][number];
type Reason = Item['suggestions'][number]['reason'];

const REASONS: Readonly<Record<Reason, string>> = {
  'same-file-name': 'its file has the same name',
  'title-and-author': 'it has the same title and author',
  'other-format': 'its file has the same name in another format',
  title: 'its file is named after the title',
};
const PAGE = 50;

/** What readers pushed that is no book, and what to do about it. */
export function UnmatchedPage() {
  const others = useSignal(0);
  const list = usePagedList(
    'unmatched',
    async (cursor, signal) => {
      const page = await get('/unmatched', { query: { cursor, limit: PAGE }, signal });
      others.value = page.others ?? 0;
      return page;
    },
    ['progress', 'libraries'],
  );
  const { items, hasMore } = list;
  return (
    <div class="stack">
      <header class="page-head">
        <div>
          <h1>Unmatched documents</h1>
          <p>What your readers pushed that is no book of a library. Linked to its book, it syncs.</p>
        </div>
      </header>
      {items === undefined ? (
        <Pending error={list.error} />
      ) : (
        <>
          {items.length === 0 && !hasMore ? (
            <Empty says="None: every document that your readers pushed has found its book." />
          ) : (
            <ul class="stack" aria-label="Unmatched documents">
              {items.map((item) => (
                <li key={item.document} class="sheet">
                  <UnmatchedItem item={item} onChange={list.reload} />
                </li>
              ))}
            </ul>
          )}
          <MoreButton list={list} />
        </>
      )}
      {others.value === 0 ? null : (
        <p class="faint small">
          {counted(others.value, 'more document')} of other users. Each of them sees their own.
        </p>
      )}
    </div>
  );
}

interface ItemProps {
  readonly item: Item;
  readonly onChange: () => void;
}

function UnmatchedItem({ item, onChange }: ItemProps) {
  const { document, metadata } = item;
  const asks = useSignal<'link' | 'forget' | undefined>(undefined);
  const close = (): void => void (asks.value = undefined);
  const title = documentTitle({ document, metadata, book: null });
  const authors = documentAuthors(metadata);
  const fileName = metadata?.['filename'];
  const likely = item.suggestions.flatMap(({ book, reason }) =>
    book === null ? [] : [{ ...book, says: [REASONS[reason]] }],
  );
  return (
    <>
      <div class="line">
        <h2>{title}</h2>
        <span class="faint small">
          pushed <Ago time={item.last_seen} />
        </span>
      </div>
      {authors === undefined ? null : <p>{authors}</p>}
      <dl class="facts small">
        <dt>Place</dt>
        <dd>
          {percent(item.percentage)} on {deviceTitle(item.device)}
        </dd>
        <dt>Pushed</dt>
        <dd>
          {counted(item.pushes, 'time')} since {day(item.first_seen)}
        </dd>
        {typeof fileName === 'string' ? (
          <>
            <dt>File</dt>
            <dd>{shownText(fileName)}</dd>
          </>
        ) : null}
        <dt>Document</dt>
        <dd>
          <code>{shownText(document)}</code>
        </dd>
        {likely.length === 0 ? null : (
          <>
            <dt>May be</dt>
            <dd>
              {likely.map(({ id, path, library_name: library, says }) => (
                <p key={id}>
                  <a href={hrefOf(`books/${String(id)}`)}>{splitPath(path).name}</a> in {shownText(library)}:{' '}
                  {says}
                </p>
              ))}
            </dd>
          </>
        )}
      </dl>
      <Why document={document} asks="Why does it find no book?" />
      <div class="buttons">
        <button
          type="button"
          class={likely.length === 0 ? '' : 'main'}
          aria-label={`Link to a book: ${title}`}
          onClick={() => (asks.value = 'link')}
        >
          Link to a book
        </button>
        <button type="button" aria-label={`Forget ${title}`} onClick={() => (asks.value = 'forget')}>
          Forget
        </button>
      </div>
      {asks.value === 'link' ? (
        <LinkDialog document={document} title={title} likely={likely} onLinked={onChange} onClose={close} />
      ) : null}
      {asks.value === 'forget' ? (
        <ConfirmDialog
          title={`Forget ${title}?`}
          confirm="Forget it"
          onClose={close}
          onConfirm={async () => {
            await remove('/unmatched/{document}', { params: { document } });
            say(`${title} is forgotten.`);
            onChange();
          }}
        >
          <p>
            It leaves this list, and a place that was refused goes with it. When a reader pushes it again, it
            is listed again.
          </p>
        </ConfirmDialog>
      ) : null}
    </>
  );
}
