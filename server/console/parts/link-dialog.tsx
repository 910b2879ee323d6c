import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { ApiError, post } from '../api.js';
import { may, useMe } from '../session.js';
import { Form, useAction } from './action.jsx';
import { bookLines, type TitledBook, useBookSearch } from './book-search.js';
import { CancelButton, Dialog } from './dialog.jsx';
import { CheckField, TextField } from './field.jsx';
import { MoreButton } from './more-button.jsx';
import { Loading } from './problem.jsx';
import { useQuietText } from './quiet-text.js';
import { say } from './toast.jsx';

/** A book that the document may be. */
export interface LikelyBook extends TitledBook {
  readonly id: number;
  /** Why. */
  readonly says?: readonly string[];
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
  const found = useBookSearch(q, { limit: PAGE });
  const isLikely = q === '' && likely.length > 0;
  const items: readonly LikelyBook[] | undefined = isLikely ? likely : found.items;
  const hasMore = found.hasMore && !isLikely;
  // A page of a search may be empty although others follow.
  useEffect(() => {
    if (items?.length === 0 && hasMore) found.more();
  });
  const link = async (): Promise<void> => {
    const book = items?.find(({ id }) => id === chosen.value);
    if (book === undefined) throw new ApiError('no-book', 'Choose a book first.', 0);
    const body = { document, everybody: forEverybody.value };
    await post('/books/{id}/documents', { params: { id: book.id }, body });
    say(`Linked. Readers that push it are in ${bookLines(book).title} from now on.`);
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
          placeholder="Words of title or path"
        />
        <fieldset class="picks">
          <legend>Books</legend>
          {items === undefined ? (
            <Loading unless={found.error} />
          ) : items.length === 0 && !hasMore ? (
            <p class="faint">No book is like this. Fewer words find more.</p>
          ) : (
            items.map((book) => {
              const lines = bookLines(book);
              const where = lines.where.length === 0 ? [] : [lines.where.join(' › ')];
              return (
                <label key={book.id}>
                  <input
                    type="radio"
                    name={name}
                    checked={chosen.value === book.id}
                    onChange={() => (chosen.value = book.id)}
                  />
                  <span>
                    {lines.title}
                    <small class="faint">{[...lines.by, ...where, ...(book.says ?? [])].join(' · ')}</small>
                  </span>
                </label>
              );
            })
          )}
        </fieldset>
        {isLikely ? null : <MoreButton list={found} />}
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
