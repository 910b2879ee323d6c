import { computed, signal } from '@preact/signals';
import { BASE } from './base-path.js';
import { pathPart, textOfPart } from './path-part.js';
import { newEntry, restoreScroll } from './scroll-memory.js';

const UI = `${BASE}/ui/`;
const SECRET_PAGES = /\/(?:setup|sign-in)\/?$/;

/** The address of the page below `ui/`: path `books/5`, query `q=dune`. */
const place = signal(read());
/** What stands behind `#`, taken out of the address at once: it may be a secret. */
export const secretOfAddress = takeFragment();

export const path = computed(() => place.value.path);
export const query = computed(() => place.value.query);

function read() {
  const { pathname, search } = globalThis.location;
  const rest = pathname.startsWith(UI) ? pathname.slice(UI.length) : '';
  return { path: rest.replace(/\/+$/, ''), query: new URLSearchParams(search) };
}

function takeFragment(): string {
  const { hash, pathname, search } = globalThis.location;
  if (hash === '' || !SECRET_PAGES.test(pathname)) return '';
  history.replaceState(null, '', `${pathname}${search}`);
  return decoded(hash.slice(1));
}

/** The address of a page, for links: `books/5`, with the parts of the path encoded already. */
export function hrefOf(to: string): string {
  return `${UI}${to}`;
}

/** The address of a page about a document, as hrefOf() takes it: its parts of the path are encoded. */
export function documentHref(document: string, search = ''): string {
  return hrefOf(`reading/${pathPart(document)}${search}`);
}

/** @param to as for hrefOf() */
export function go(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  const before = path.value;
  if (replace) history.replaceState(history.state, '', hrefOf(to));
  else history.pushState(newEntry(), '', hrefOf(to));
  place.value = read();
  if (!replace && path.value !== before) globalThis.scrollTo(0, 0);
}

/** Changes one field of the query, without a new entry in the history. */
export function setQuery(name: string, value: string): void {
  go(withField(name, value), { replace: true });
}

let dialogHref = '';

/** Opens a dialog that a field of the query names: the address leads to it, and the back button closes it. */
export function openDialog(name: string, value: string): void {
  if (isGoingBack) {
    // The dialog before is still named by the address, and would stay closed. It is left first, and then rendered.
    addEventListener('popstate', () => void setTimeout(() => openDialog(name, value)), { once: true });
    return;
  }
  go(withField(name, value));
  dialogHref = globalThis.location.href;
}

export function closeDialog(name: string): void {
  if (isGoingBack) return;
  if (globalThis.location.href !== dialogHref) {
    setQuery(name, '');
    return;
  }
  dialogHref = '';
  isGoingBack = true;
  addEventListener('popstate', () => (isGoingBack = false), { once: true });
  history.back();
}

/** Browsers go back a moment after they are told to. */
let isGoingBack = false;

function withField(name: string, value: string): string {
  const fields = new URLSearchParams(query.value);
  if (value === '') fields.delete(name);
  else fields.set(name, value);
  const text = fields.toString();
  return `${path.value}${text === '' ? '' : `?${text}`}`;
}

/** @returns the decoded parameters of `books/:id` in order; `undefined` when the path does not match */
export function matchPath(pattern: string, at: string): readonly string[] | undefined {
  const wanted = pattern.split('/');
  const parts = at.split('/');
  if (wanted.length !== parts.length) return undefined;
  const params: string[] = [];
  for (const [index, part] of parts.entries()) {
    const want = wanted[index] ?? '';
    if (want.startsWith(':')) params.push(textOfPart(decoded(part)));
    else if (want !== part) return undefined;
  }
  return params;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a broken escape that somebody typed: nothing will be found under it
  }
}

/** Follows links within the console without loading the page again. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    place.value = read();
    restoreScroll();
  });
  // Somebody has pasted a link with another secret into this tab: it counts as if the page were opened by it.
  addEventListener('hashchange', () => {
    const { hash, pathname } = globalThis.location;
    if (hash !== '' && SECRET_PAGES.test(pathname)) globalThis.location.reload();
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.hasAttribute('download')) return;
    const { origin, pathname, search, hash } = new URL(link.href);
    if (origin !== globalThis.location.origin || !pathname.startsWith(UI) || hash !== '') return;
    event.preventDefault();
    go(`${pathname.slice(UI.length)}${search}`);
  });
}
