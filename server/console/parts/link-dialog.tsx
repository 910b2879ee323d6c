import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { ApiError, get, post } from '../api.js';
import { may, useMe } from '../session.js';
import { Form, useAction } from './action.jsx';
import { CancelButton, Dialog } from './dialog.jsx';
import { CheckField, TextField } from './field.jsx';
import { MoreButton } from './more-button.jsx';
import { usePagedList } from './paged-list.js';
import { type Path, splitPath } from './path.js';
import { Loading } from './problem.jsx';
import { useQuietText } from './quiet-text.js';
import { say } from './toast.jsx';

/** A book that the document may be. */
export interface LikelyBook {
  readonly id: number;
  readonly path: Path;
  readonly says?: string;
}

interface LinkDialogProps {
  readonly document: string;
  /** What people call the document. */
  readonly title: string;
  readonly likely?: readonly LikelyBook[];
  readonly onLinked: () => void;
  readonly onClose: () => void;
}

/** What the search of books takes: so many words, so many characters. */
const MOST_WORDS = 8;
const MOST_CHARACTERS = 200;
const PAGE = 20;

/** Chooses the book of a document, of those that are likely or by a search. */
export function LinkDialog({ document, title, likely = [], onLinked, onClose }: LinkDialogProps) {
  const me = useMe();
  const action = useAction();
  const name = useId();
  const typed = useSignal(likely.length === 0 ? searchable(title) : '');
  const chosen = useSignal(likely[0]?.id ?? 0);
  const forEverybody = useSignal(false);
  const q = searchable(useQuietText(typed.value));
  const found = usePagedList(
    `books ${q}`,
    async (cursor, signal): Promise<{ items: readonly LikelyBook[]; next_cursor: string | null }> =>
      q === ''
        ? { items: likely, next_cursor: null }
        : get('/books', { query: { q, cursor, limit: PAGE }, signal }),
  );
  const { items, hasMore } = found;
  // A page of a search may be empty although others follow.
  useEffect(() => {
    if (items?.length === 0 && hasMore) found.more();
  });
  const link = async (): Promise<void> => {
    const book = items?.find(({ id }) => id === chosen.value);
    if (book === undefined) throw new ApiError('no-book', 'Choose a book first.', 0);
    const body = { document, everybody: forEverybody.value };
    await post('/books/{id}/documents', { params: { id: book.id }, body });
    say(`Linked. Readers that push it are in ${splitPath(book.path).name} from now on.`);
  };
  const done = (): void => {
    onClose();
    onLinked();
  };
  return (
    <Dialog title="Which book is it?" onClose={onClose}>
      <Form
        action={action}
        submit="Link"
        onSubmit={link}
        onDone={done}
        buttons={<CancelButton onCancel={onClose} />}
      >
        <p>{title}</p>
        <TextField
          label="Search the books"
          type="search"
          value={typed}
          maxLength={MOST_CHARACTERS}
          autoComplete="off"
          placeholder="Words of its path"
        />
        <fieldset class="picks">
          <legend>Books</legend>
          {items === undefined ? (
            <Loading unless={found.error} />
          ) : items.length === 0 && !hasMore ? (
            <p class="faint">
              {q === '' ? 'Search for its book.' : 'No book is like this. Fewer words find more.'}
            </p>
          ) : (
            items.map(({ id, path, says }) => {
              const { folder, name: file } = splitPath(path);
              return (
                <label key={id}>
                  <input
                    type="radio"
                    name={name}
                    checked={chosen.value === id}
                    onChange={() => (chosen.value = id)}
                  />
                  <span>
                    {file}
                    <small class="faint">
                      {[folder, says ?? ''].filter((text) => text !== '').join(' · ')}
                    </small>
                  </span>
                </label>
              );
            })
          )}
        </fieldset>
        <MoreButton list={found} />
        {may(me, 'library:manage') ? <EverybodyField value={forEverybody} /> : null}
      </Form>
    </Dialog>
  );
}

/** For whom a link holds. */
export function EverybodyField({ value }: { readonly value: Signal<boolean> }) {
  return <CheckField label="For everybody" value={value} hint="Otherwise for your own readers only." />;
}

function searchable(text: string): string {
  return Array.from(text.trim().split(/\s+/).slice(0, MOST_WORDS).join(' '))
    .slice(0, MOST_CHARACTERS)
    .join('')
    .trim();
}
