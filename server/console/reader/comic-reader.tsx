import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Dialog } from '../parts/dialog.jsx';
import { count, percent } from '../parts/format.js';
import { Loading, Problem } from '../parts/problem.jsx';
import type { PicturePages } from './picture-pages.js';
import { ReaderBar } from './reader-bar.jsx';
import { type ReaderError, readerErrorOf } from './reader-error.js';
import type { OpenedBook } from './reader-page.jsx';
import { SyncNotice, useHandedBack } from './sync-notice.jsx';
import { turnOfKey } from './turn-keys.js';

type Fit = 'page' | 'width';

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
  const { fit, isRightToLeft } = chosen.value;

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

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      // A picture that is higher than the window is scrolled first.
      const shown = main.current;
      if (fit === 'width' && shown !== null && (event.key === ' ' || event.key.startsWith('Page'))) return;
      const direction = turnOfKey(event, chosen.value.isRightToLeft);
      if (direction === undefined) return;
      event.preventDefault();
      turn(direction);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [fit]);

  const touchX = useRef<number | undefined>(undefined);
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
      <Problem error={picture.error} />
      <div class="reader-pages">
        <button
          type="button"
          class="turn"
          aria-label={left === 1 ? 'Next page' : 'Previous page'}
          onClick={() => turn(left)}
        >
          ‹
        </button>
        <main
          ref={main}
          class={`reader-picture ${fit}`}
          tabIndex={0}
          aria-label="The page"
          onTouchStart={(event) =>
            (touchX.current = event.touches.length === 1 ? event.touches[0]?.clientX : undefined)
          }
          onTouchEnd={(event) => {
            const moved = (event.changedTouches[0]?.clientX ?? 0) - (touchX.current ?? 0);
            if (touchX.current === undefined || Math.abs(moved) < SWIPE_PIXELS) return;
            turn(moved < 0 ? right : left);
          }}
        >
          {picture.address === undefined ? (
            <Loading unless={picture.error} />
          ) : (
            <img src={picture.address} alt={`Page ${count(page.value)}`} />
          )}
        </main>
        <button
          type="button"
          class="turn"
          aria-label={right === 1 ? 'Next page' : 'Previous page'}
          onClick={() => turn(right)}
        >
          ›
        </button>
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
            <label class="check">
              <input
                type="checkbox"
                checked={isRightToLeft}
                onChange={(event) => choose({ ...chosen.value, isRightToLeft: event.currentTarget.checked })}
              />
              From right to left
            </label>
          </form>
        </Dialog>
      ) : null}
    </div>
  );
}

/** A finger that moves less has pressed. */
const SWIPE_PIXELS = 50;
const FITS: readonly (readonly [fit: Fit, words: string])[] = [
  ['page', 'The whole page'],
  ['width', 'As wide as the window, scrolled'],
];

function startPage(page: number | undefined, pages: number): number {
  return Math.min(pages, Math.max(1, page ?? 1));
}

function storedChoice(): { readonly fit: Fit; readonly isRightToLeft: boolean } {
  const stored = localStorage.getItem(KEY) ?? '';
  return {
    fit: stored.includes('"fit":"width"') ? 'width' : 'page',
    isRightToLeft: stored.includes('"isRightToLeft":true'),
  };
}

interface ShownPicture {
  readonly address: string | undefined;
  readonly error: ReaderError | undefined;
}

interface KeptPicture {
  readonly address: Promise<string>;
  readonly stop: AbortController;
}

/** The picture of a page, and the one behind it, so that a turn shows it at once. What is neither is let go. */
function usePicture(pages: PicturePages, page: number): ShownPicture {
  const shown = useSignal<ShownPicture>({ address: undefined, error: undefined });
  const kept = useRef(new Map<number, KeptPicture>());
  useEffect(() => {
    let isLeft = false;
    for (const [number, picture] of kept.current) {
      if (number === page || number === page + 1) continue;
      kept.current.delete(number);
      picture.stop.abort();
      void picture.address.then(
        (address) => URL.revokeObjectURL(address),
        () => undefined,
      );
    }
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
    shown.value = { address: undefined, error: undefined };
    const show = async (): Promise<void> => {
      let loaded: ShownPicture;
      try {
        loaded = { address: await load(page), error: undefined };
      } catch (error) {
        loaded = { address: undefined, error: readerErrorOf(error) };
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
  }, [page]);
  return shown.value;
}
