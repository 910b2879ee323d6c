import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Dialog } from '../parts/dialog.jsx';
import { percent } from '../parts/format.js';
import { shownText } from '../parts/path.js';
import { Problem } from '../parts/problem.jsx';
import { AppearanceForm } from './appearance-form.jsx';
import { storeAppearance, storedAppearance } from './appearance.js';
import type { Appearance, BookPlace, BookView } from './book-view.js';
import { groundColour } from './chapter-styles.js';
import { openEpub } from './epub-view.js';
import type { KnownPlace } from './known-place.js';
import type { OpenedBook } from './reader-page.jsx';
import { ReaderBar } from './reader-bar.jsx';
import { type ReaderError, readerErrorOf } from './reader-error.js';
import { RetryButton } from './retry-button.jsx';
import { SyncNotice, useHandedBack } from './sync-notice.jsx';
import { TurnButton } from './turn-button.jsx';
import { turnOfKey, turnOfPress } from './turn-keys.js';
import type { ZipArchive } from './zip-archive.js';

type OpenDialog = 'none' | 'contents' | 'appearance';

const NOWHERE: BookPlace = { cfi: undefined, bookFraction: 0, chapterFraction: 0, chapter: undefined };

interface EpubReaderProps {
  readonly opened: OpenedBook;
  readonly archive: ZipArchive;
}

/** An EPUB, page by page or in one piece. */
export function EpubReader({ opened, archive }: EpubReaderProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useSignal<BookView | undefined>(undefined);
  const error = useSignal<ReaderError | undefined>(undefined);
  const problem = useSignal<ReaderError | undefined>(undefined);
  const isHidden = useSignal(false);
  const place = useSignal<BookPlace>(NOWHERE);
  const appearance = useSignal<Appearance>(storedAppearance());
  const dialog = useSignal<OpenDialog>('none');
  const link = useSignal('');
  const sync = useHandedBack(opened);

  const goToPlace = async (known: KnownPlace | undefined): Promise<void> => {
    const shown = view.value;
    if (shown === undefined) return;
    if (known?.cfi !== undefined && (await shown.goToCfi(known.cfi))) return;
    await shown.goToFraction(known?.percentage ?? 0);
  };
  const handBack = ({ cfi }: BookPlace): void => {
    // A chapter that cannot be shown has no place: the one before it is the last one that was read.
    if (cfi !== undefined) sync.moved({ cfi });
  };
  const slideTo = async (fraction: number): Promise<void> => {
    await view.value?.goToFraction(fraction);
    handBack(place.value);
  };
  const turn = (direction: 1 | -1): void => void view.value?.turn(direction);
  const onKey = (event: KeyboardEvent): void => {
    const direction = turnOfKey(event, view.value?.isRightToLeft === true);
    if (direction === undefined) return;
    event.preventDefault();
    turn(direction);
  };

  useEffect(() => {
    let isGone = false;
    void openEpub(archive, appearance.value, {
      onPlace: (now, isMove) => {
        place.value = now;
        isHidden.value = false;
        if (isMove) handBack(now);
      },
      onProblem: (failure) => (problem.value = failure),
      onHidden: () => (isHidden.value = true),
      onLink: (address) => (link.value = address),
      onKey,
      onPress: (fraction) => {
        const direction = turnOfPress(fraction, view.value?.isRightToLeft === true);
        if (direction !== undefined) turn(direction);
      },
    }).then(
      async (shown) => {
        if (isGone) return shown.close();
        view.value = shown;
        host.current?.replaceChildren(shown.element);
        shown.setAppearance(appearance.value);
        await goToPlace(opened.place);
        return undefined;
      },
      (failure: unknown) => (error.value = readerErrorOf(failure)),
    );
    document.addEventListener('keydown', onKey);
    return () => {
      isGone = true;
      document.removeEventListener('keydown', onKey);
      view.value?.close();
    };
  }, []);

  const change = (changed: Appearance): void => {
    appearance.value = changed;
    storeAppearance(changed);
    view.value?.setAppearance(changed);
  };
  const { bookFraction, chapterFraction, chapter } = place.value;
  const shownError = error.value ?? problem.value;
  const left = view.value?.isRightToLeft === true ? 1 : -1;
  return (
    <div class="reader" style={{ background: groundColour(appearance.value) }}>
      <ReaderBar opened={opened}>
        {view.value === undefined || view.value.contents.length === 0 ? null : (
          <button type="button" onClick={() => (dialog.value = 'contents')}>
            Contents
          </button>
        )}
        <button type="button" onClick={() => (dialog.value = 'appearance')}>
          Appearance
        </button>
      </ReaderBar>
      <SyncNotice sync={sync} opened={opened} onGo={goToPlace} />
      <Problem error={shownError}>
        {shownError?.failure === 'changed' || shownError?.failure === 'offline' ? (
          <RetryButton
            bookId={opened.book.id}
            failure={shownError.failure}
            me={opened.me}
            onRetry={() => location.reload()}
          />
        ) : null}
      </Problem>
      {isHidden.value && appearance.value.hasOwnStyles ? (
        <Problem error={{ message: 'The style sheets of the book hide the text of this chapter.' }}>
          <button type="button" onClick={() => change({ ...appearance.value, hasOwnStyles: false })}>
            Show it without them
          </button>
        </Problem>
      ) : null}
      <main class="reader-pages">
        <TurnButton sign="‹" direction={left} onTurn={turn} />
        <div ref={host} class="reader-book" aria-busy={view.value === undefined} />
        <TurnButton sign="›" direction={left === 1 ? -1 : 1} onTurn={turn} />
      </main>
      <footer class="reader-foot">
        <p class="small">
          {chapter === undefined ? null : `${shownText(chapter)}, ${percent(chapterFraction)} · `}
          {percent(bookFraction)} of the book
        </p>
        <input
          type="range"
          aria-label="Place in the book"
          dir={left === 1 ? 'rtl' : 'ltr'}
          min="0"
          max="1000"
          value={Math.round(bookFraction * 1000)}
          aria-valuetext={`${percent(bookFraction)} of the book`}
          onChange={(event) => void slideTo(Number(event.currentTarget.value) / 1000)}
          onKeyDown={(event) => event.stopPropagation()}
        />
      </footer>
      {dialog.value === 'contents' ? (
        <Dialog title="Contents" onClose={() => (dialog.value = 'none')}>
          <ol class="reader-contents">
            {view.value?.contents.map(({ label, href, depth }) => (
              <li key={`${href} ${label}`} style={{ paddingInlineStart: `${String(depth)}rem` }}>
                <button
                  type="button"
                  class="quiet"
                  onClick={() => {
                    dialog.value = 'none';
                    void view.value?.goToHref(href);
                  }}
                >
                  {shownText(label)}
                </button>
              </li>
            ))}
          </ol>
        </Dialog>
      ) : null}
      {dialog.value === 'appearance' ? (
        <Dialog title="Appearance" onClose={() => (dialog.value = 'none')}>
          {view.value?.isFixed === true ? (
            <p>The pages of this book are as it has laid them out, with its own letters and colours.</p>
          ) : (
            <AppearanceForm appearance={appearance.value} onChange={change} />
          )}
        </Dialog>
      ) : null}
      {link.value === '' ? null : (
        <Dialog title="A link out of the book" onClose={() => (link.value = '')}>
          <p>The book leads to another place, which then sees that you come:</p>
          <p>
            <a href={link.value} target="_blank" rel="noopener noreferrer">
              {shownText(link.value)}
            </a>
          </p>
        </Dialog>
      )}
    </div>
  );
}
