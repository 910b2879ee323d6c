import { useSignal } from '@preact/signals';
import { get, post, type Reply } from '../api.js';
import { bookLines } from '../parts/book-search.js';
import { ConfirmDialog } from '../parts/dialog.jsx';
import { Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { say } from '../parts/toast.jsx';
import { hrefOf } from '../router.js';
import { may, useMe } from '../session.js';

type Successor = Reply<'/books/{id}/successors', 'get'>['items'][number];

const REASONS: Readonly<Record<Successor['reason'], string>> = {
  'same-structure': 'its identifier and parts are the same',
  'same-title-and-author': 'its title and author are the same',
  'same-file-name': 'its file name is the same',
  'same-title': 'its title is the same',
  'similar-file-name': 'its file name is similar',
  'same-folder': 'it is in the same folder and about as large',
};

interface SuccessorsProps {
  readonly bookId: number;
  /** Whether the page says already that something could not be loaded. */
  readonly isTold: boolean;
  readonly onJoined: () => void;
}

/** What a missing book may have become. */
export function Successors({ bookId: id, isTold, onJoined }: SuccessorsProps) {
  const me = useMe();
  const chosen = useSignal<Successor | undefined>(undefined);
  const found = useResource(
    `successors ${String(id)}`,
    (signal) => get('/books/{id}/successors', { params: { id }, signal }),
    ['libraries'],
  );
  const items = found.value?.items ?? [];
  if (items.length === 0) return isTold ? null : <Problem error={found.error} />;
  return (
    <section class="sheet">
      <h2>What it may have become</h2>
      <ul class="lined">
        {items.map((item) => {
          const { title, by, where } = bookLines(item.book);
          return (
            <li key={item.book.id}>
              <p class="line">
                <a href={hrefOf(`books/${String(item.book.id)}`)}>{title}</a>
                {may(me, 'library:manage') ? (
                  <button
                    type="button"
                    aria-label={`Join with ${title}`}
                    onClick={() => (chosen.value = item)}
                  >
                    Join
                  </button>
                ) : null}
              </p>
              <p class="small faint">{[...by, ...where, REASONS[item.reason]].join(' · ')}</p>
            </li>
          );
        })}
      </ul>
      {chosen.value === undefined ? null : (
        <Join
          id={id}
          into={chosen.value.book}
          onJoined={onJoined}
          onClose={() => (chosen.value = undefined)}
        />
      )}
    </section>
  );
}

interface JoinProps {
  readonly id: number;
  readonly into: Successor['book'];
  readonly onJoined: () => void;
  readonly onClose: () => void;
}

function Join({ id, into, onJoined, onClose }: JoinProps) {
  return (
    <ConfirmDialog
      title="Are they the same book?"
      confirm="Join"
      onClose={onClose}
      onConfirm={async () => {
        await post('/books/{id}/successor', { params: { id }, body: { book_id: into.id } });
        say('Joined.');
        onJoined();
      }}
    >
      <p>
        Readers with the missing file and readers of {bookLines(into).title} then share their places. This
        cannot be undone.
      </p>
    </ConfirmDialog>
  );
}
