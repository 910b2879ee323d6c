import type { Reply } from '../api.js';

/** What moves on the server: running scans, and for each list a text that changes when the list may have changed. */
export type Changes = Reply<'/changes', 'get'>;

/** From whoever holds the event stream to the tabs. */
export type LiveNews =
  | { readonly kind: 'changes'; readonly changes: Changes }
  | { readonly kind: 'connected'; readonly isConnected: boolean };

/** From a tab. `open` is repeated while the tab lives; `close` ends the stream of all tabs; `leave`: this tab goes. */
export type LiveRequest = 'open' | 'close' | 'leave';

/** A tab asks for the stream so often. Browsers run the timers of tabs in the background once a minute. */
export const TAB_BEAT_MS = 60_000;
/** A tab that was not heard for so long has crashed, or sleeps; one that wakes up asks again. */
export const TAB_LOST_MS = 5 * TAB_BEAT_MS;
