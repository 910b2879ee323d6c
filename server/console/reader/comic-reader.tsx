import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Dialog } from '../parts/dialog.jsx';
import { count, percent } from '../parts/format.js';
import { Loading, Problem } from '../parts/problem.jsx';
import type { PicturePages } from './picture-pages.js';
import { ReaderBar } from './reader-bar.jsx';
import { type ReaderError, readerErrorOf } from './reader-error.js';
import type { OpenedBook } from './reader-page.jsx';
import { SyncNotice, useHandedBack } from './sync-notice.jsx';
import { RetryButton } from './retry-button.jsx';
import { TurnButton } from './turn-button.jsx';
import { turnOfKey, turnOfPress, turnOfSwipe } from './turn-keys.js';

type Fit = 'page' | 'width';
type Order = 'said' | 'ltr' | 'rtl';

const KEY = 'dogear-reader-comics';

interface ComicReaderProps {
  readonly opened: OpenedBook;
  readonly pages: PicturePages;
}

/** A comic, one picture at a time. The next one is loaded ahead; no others are kept. */
export function ComicReader({ opened, pages }: ComicReaderProps) {
  const page = useSignal(startPage(opened.place?.page, pages.count));
  const chosen = useSignal(storedChoice());
  const isChoosing = useSignal(false);
  const picture = usePicture(pages, page.value);
  const main = useRef<HTMLElement>(null);
  const sync = useHandedBack(opened);
  const { fit, order } = chosen.value;
  const isRightToLeft = order === 'said' ? pages.isRightToLeft : order === 'rtl';

  const goTo = (to: number): void => {
    const next = Math.min(pages.count, Math.max(1, to));
    if (next === page.value) return;
    page.value = next;
    main.current?.scrollTo(0, 0);
    sync.moved({ page: next });
  };
  const turn = (direction: 1 | -1): void => goTo(page.value + direction);
  const choose = (next: typeof chosen.value): void => {
    chosen.value = next;
    localStorage.setItem(KEY, JSON.stringify(next));
  };

  // At once: the first key after another order is chosen has its direction.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const direction = turnOfKey(event, isRightToLeft);
      if (direction === undefined) return;
      event.preventDefault();
      // A picture that is higher than the window is scrolled first.
      const scrolls = fit === 'width' && (event.key === ' ' || event.key.startsWith('Page'));
      if (scrolls && main.current !== null && scrollOn(main.current, direction)) return;
      turn(direction);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [fit, isRightToLeft]);

  const isMagnified = useIsMagnified();
  const touched = useRef<Touch | undefined>(undefined);
  const left = isRightToLeft ? 1 : -1;
  const right = isRightToLeft ? -1 : 1;
  return (
    <div class="reader">
      <ReaderBar opened={opened}>
        <button type="button" onClick={() => (isChoosing.value = true)}>
          Appearance
        </button>
      </ReaderBar>
      <SyncNotice
        sync={sync}
        opened={opened}
        onGo={async (place) => {
          page.value = startPage(place.page, pages.count);
          return Promise.resolve();
        }}
      />
      <Problem error={picture.error}>
        <RetryButton
          bookId={opened.book.id}
          failure={picture.error?.failure}
          me={opened.me}
          onRetry={() => (picture.error?.failure === 'changed' ? location.reload() : picture.retry())}
        />
      </Problem>
      <div class="reader-pages">
        <TurnButton sign="‹" direction={left} onTurn={turn} />
        <main
          ref={main}
          class={`reader-picture ${fit} ${isMagnified ? '' : 'swiped'}`}
          tabIndex={0}
          aria-label="The page"
          onClick={({ clientX }) => {
            const direction = turnOfPress(clientX / innerWidth, isRightToLeft);
            if (direction !== undefined) turn(direction);
          }}
          onTouchStart={({ touches }) =>
            (touched.current = touches.length === 1 && !isMagnified ? touches[0] : undefined)
          }
          onTouchEnd={({ changedTouches: [ended] }) => {
            const direction = turnOfSwipe(touched.current, ended, isRightToLeft);
            if (direction !== undefined) turn(direction);
          }}
        >
          {picture.address === undefined ? (
            <Loading unless={picture.error} />
          ) : (
            <img src={picture.address} alt={`Page ${count(page.value)}`} />
          )}
        </main>
        <TurnButton sign="›" direction={right} onTurn={turn} />
      </div>
      <footer class="reader-foot">
        <p class="small">
          Page {count(page.value)} of {count(pages.count)} · {percent(page.value / pages.count)}
        </p>
        <input
          type="range"
          aria-label="Page"
          dir={isRightToLeft ? 'rtl' : 'ltr'}
          min="1"
          max={pages.count}
          value={page.value}
          onChange={(event) => goTo(Number(event.currentTarget.value))}
          onKeyDown={(event) => event.stopPropagation()}
        />
      </footer>
      {isChoosing.value ? (
        <Dialog title="Appearance" onClose={() => (isChoosing.value = false)}>
          <form onSubmit={(event) => event.preventDefault()}>
            <fieldset>
              <legend>Size</legend>
              {FITS.map(([name, words]) => (
                <label key={name} class="check">
                  <input
                    type="radio"
                    name="fit"
                    checked={fit === name}
                    onChange={() => choose({ ...chosen.value, fit: name })}
                  />
                  {words}
                </label>
              ))}
            </fieldset>
            <fieldset>
              <legend>Order of the pages</legend>
              {ORDERS.map(([name, words]) => (
                <label key={name} class="check">
                  <input
                    type="radio"
                    name="order"
                    checked={order === name}
                    onChange={() => choose({ ...chosen.value, order: name })}
                  />
                  {words}
                </label>
              ))}
            </fieldset>
          </form>
        </Dialog>
      ) : null}
    </div>
  );
}

/** @returns whether there was more of the picture */
function scrollOn(shown: HTMLElement, direction: 1 | -1): boolean {
  const { scrollTop, scrollHeight, clientHeight } = shown;
  const rest = direction === 1 ? scrollHeight - clientHeight - scrollTop : scrollTop;
  if (rest < 1) return false;
  shown.scrollBy({ top: direction * clientHeight * SCROLLED_PART });
  return true;
}

/** Of what is seen, so that something of it stays. */
const SCROLLED_PART = 0.9;
const FITS: readonly (readonly [fit: Fit, words: string])[] = [
  ['page', 'The whole page'],
  ['width', 'As wide as the window, scrolled'],
];
const ORDERS: readonly (readonly [order: Order, words: string])[] = [
  ['said', 'As the comic says, or from left to right'],
  ['ltr', 'From left to right'],
  ['rtl', 'From right to left'],
];

function startPage(page: number | undefined, pages: number): number {
  return Math.min(pages, Math.max(1, page ?? 1));
}

function storedChoice(): { readonly fit: Fit; readonly order: Order } {
  const stored = localStorage.getItem(KEY) ?? '';
  const isStored = ([name]: readonly [string, string]): boolean => stored.includes(`"${name}"`);
  return { fit: FITS.find(isStored)?.[0] ?? 'page', order: ORDERS.find(isStored)?.[0] ?? 'said' };
}

interface ShownPicture {
  readonly page: number;
  readonly address: string | undefined;
  readonly error: ReaderError | undefined;
}

interface Picture extends ShownPicture {
  readonly retry: () => void;
}

interface KeptPicture {
  readonly address: Promise<string>;
  readonly stop: AbortController;
}

/** The picture of a page, and the one behind it, so that a turn shows it at once. What is neither is let go. */
function usePicture(pages: PicturePages, page: number): Picture {
  const attempt = useSignal(0);
  const shown = useSignal<ShownPicture>(loading(page));
  const kept = useRef(new Map<number, KeptPicture>());
  useEffect(() => {
    let isLeft = false;
    letGo(kept.current, (number) => number === page || number === page + 1);
    const load = async (number: number): Promise<string> => {
      const known = kept.current.get(number);
      if (known !== undefined) return known.address;
      const stop = new AbortController();
      const address = pages.load(number - 1, stop.signal).then((blob) => URL.createObjectURL(blob));
      kept.current.set(number, { address, stop });
      try {
        return await address;
      } catch (error) {
        // Loaded again when it is wanted again.
        if (kept.current.get(number)?.stop === stop) kept.current.delete(number);
        throw error;
      }
    };
    shown.value = loading(page);
    const show = async (): Promise<void> => {
      let loaded: ShownPicture;
      try {
        loaded = { page, address: await load(page), error: undefined };
      } catch (error) {
        loaded = { page, address: undefined, error: readerErrorOf(error) };
      }
      if (isLeft) return;
      shown.value = loaded;
      // Its error is shown with its page.
      if (page < pages.count) await load(page + 1).catch(() => undefined);
    };
    void show();
    return () => {
      isLeft = true;
    };
  }, [page, attempt.value]);
  useEffect(() => () => letGo(kept.current, () => false), []);
  const current = shown.value.page === page ? shown.value : loading(page);
  return { ...current, retry: () => (attempt.value += 1) };
}

function loading(page: number): ShownPicture {
  return { page, address: undefined, error: undefined };
}

/** Whether somebody has magnified the page with two fingers, and moves it with one. */
function useIsMagnified(): boolean {
  const isMagnified = useSignal(false);
  useEffect(() => {
    const look = (): void => void (isMagnified.value = (visualViewport?.scale ?? 1) > 1);
    visualViewport?.addEventListener('resize', look);
    return () => visualViewport?.removeEventListener('resize', look);
  }, []);
  return isMagnified.value;
}

function letGo(kept: Map<number, KeptPicture>, isWanted: (page: number) => boolean): void {
  for (const [number, { stop, address }] of kept) {
    if (isWanted(number)) continue;
    kept.delete(number);
    stop.abort();
    void address.then(
      (loaded) => URL.revokeObjectURL(loaded),
      () => undefined,
    );
  }
}
