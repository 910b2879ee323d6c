import { useEffect, useRef } from 'preact/hooks';
import { API } from '../base-path.js';
import { may, useMe } from '../session.js';
import { formatOf } from './book-format.js';
import './cover.css';
import type { Path } from './path.js';

/** Of the six connections that a browser has to a server. Storage that has to wake up keeps them for many seconds. */
const AT_ONCE = 2;
/** Most covers are smaller. The server does not make them smaller, and a window shows a dozen. */
const MOST_BYTES = 1_000_000;
/** What the server finds covers in. */
const WITH_COVERS = /^(?:k?epub|epub3|cbz)$/;

interface CoverProps {
  readonly book: { readonly id: number; readonly path: Path } | null;
}

/** The cover of a book in a list, or its format where there is none. Its title stands beside it. */
export function Cover({ book }: CoverProps) {
  const id = book?.id;
  const format = book === null ? '' : formatOf(book.path);
  const hasPicture = may(useMe(), 'file:download') && WITH_COVERS.test(format);
  const picture = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const address = `${API}/books/${String(id)}/cover?max_bytes=${String(MOST_BYTES)}`;
    return picture.current === null ? undefined : loadWhenSeen(picture.current, address);
  }, [id, hasPicture]);
  return (
    <span class="cover" aria-hidden="true" data-format={format}>
      {hasPicture ? <img key={id} ref={picture} alt="" hidden /> : null}
    </span>
  );
}

/** Each begins to load a picture that is seen. No more than the rows in the window. */
const waiting = new Set<() => void>();
let loading = 0;

function loadNext(): void {
  for (const begin of waiting) {
    if (loading === AT_ONCE) return;
    waiting.delete(begin);
    loading += 1;
    begin();
  }
}

/**
 * Browsers load pictures far below the window, all that their connections carry, and go on when these are gone: somebody who
 * scrolls through a library would load most of it.
 *
 * @returns ends it
 */
function loadWhenSeen(picture: HTMLImageElement, address: string): () => void {
  let isLoading = false;
  const watcher = new IntersectionObserver((entries) => {
    if (entries.at(-1)?.isIntersecting === true) waiting.add(begin);
    else waiting.delete(begin);
    loadNext();
  });
  const begin = (): void => {
    watcher.disconnect();
    isLoading = true;
    picture.src = address;
  };
  const end = (): void => {
    if (!isLoading) return;
    isLoading = false;
    loading -= 1;
    loadNext();
  };
  picture.addEventListener('load', () => {
    // Until then, and for an answer without a picture, browsers would draw a broken one.
    picture.hidden = false;
    end();
  });
  picture.addEventListener('error', end);
  watcher.observe(picture.parentElement ?? picture);
  return () => {
    watcher.disconnect();
    waiting.delete(begin);
    picture.removeAttribute('src');
    end();
  };
}
