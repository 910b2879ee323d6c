import { useSignal } from '@preact/signals';
import { get, type Reply } from '../api.js';
import { hrefOf } from '../router.js';
import { shownText } from './path.js';
import { Pending } from './problem.jsx';
import { useResource } from './resource.js';

interface WhyProps {
  readonly document: string;
  /** The words that open it. */
  readonly asks: string;
}

/** What the server knows of a document, in sentences. It is asked for when somebody opens it. */
export function Why({ document, asks }: WhyProps) {
  const isOpen = useSignal(false);
  return (
    <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary class="small">{asks}</summary>
      {isOpen.value ? <WhySentences document={document} /> : null}
    </details>
  );
}

interface WhySentencesProps {
  readonly document: string;
  /** Whether the books to which it leads follow, as links to their pages. */
  readonly hasLinks?: boolean;
}

export function WhySentences({ document, hasLinks = false }: WhySentencesProps) {
  const { value, error } = useResource(
    `why ${document}`,
    (signal) => get('/documents/{document}/why', { params: { document }, signal }),
    ['progress', 'libraries'],
  );
  if (value === undefined) return <Pending error={error} />;
  return (
    <>
      <ul class="points small">
        {value.sentences.map((sentence) => (
          <li key={sentence}>{shownText(sentence)}</li>
        ))}
      </ul>
      {hasLinks ? <BooksOf found={value.books} /> : null}
    </>
  );
}

interface BooksOfProps {
  readonly found: Reply<'/documents/{document}/why', 'get'>['books'];
}

function BooksOf({ found }: BooksOfProps) {
  const books = new Map(found.flatMap(({ book }) => (book === null ? [] : [[book.id, book] as const])));
  return (
    <>
      {[...books.values()].map((book) => (
        <p key={book.id}>
          <a href={hrefOf(`books/${String(book.id)}`)}>Show {shownText(book.file_name)}</a>
        </p>
      ))}
    </>
  );
}
