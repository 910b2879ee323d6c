import type { Reply } from '../api.js';

/** What moves on the server: running scans, and for each list a text that changes when the list may have changed. */
export type Changes = Reply<'/changes', 'get'>;

/** From whoever holds the event stream to the tabs. */
export type LiveNews =
  | { readonly kind: 'changes'; readonly changes: Changes }
  | { readonly kind: 'connected'; readonly isConnected: boolean };

/** From a tab. */
export type LiveRequest = 'open' | 'close';
