import { count } from '../parts/format.js';
import { Ago } from '../parts/time.jsx';
import { ReaderBar } from './reader-bar.jsx';
import type { OpenedBook } from './reader-page.jsx';

/** A PDF, which the browser shows by itself. It does not tell where one is, so no place is handed back. */
export function PdfPage({ opened }: { readonly opened: OpenedBook }) {
  const { address, place } = opened;
  const page = place?.page ?? 1;
  return (
    <div class="reader">
      <ReaderBar opened={opened}>{null}</ReaderBar>
      <main class="reader-failed stack">
        {place === undefined ? (
          <p>No device has a place in this book.</p>
        ) : (
          <p>
            <bdi>{place.device}</bdi>, <Ago time={place.pushedAt} />: {place.sure}.
          </p>
        )}
        <p>
          <a class="button main" href={`${address}#page=${String(page)}`}>
            Open the PDF{page === 1 ? '' : ` at page ${count(page)}`}
          </a>
        </p>
        <p class="faint">
          The browser shows it. It does not tell where you are, so your place there is not handed back.
        </p>
      </main>
    </div>
  );
}
