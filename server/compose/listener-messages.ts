import type { Configuration } from '../../config/schema.js';
import type { SharedLimitsSeed } from './shared-limits.js';

export interface ListenerTask {
  readonly configuration: Configuration;
  readonly port: number;
  readonly limits: SharedLimitsSeed;
  /** Whether this thread begins the scans that nobody has asked for. */
  readonly isFirst: boolean;
}

/** To a listening thread, from the one that started it. */
export interface ListenerClose {
  readonly type: 'close';
  readonly deadlineMs: number;
}

/** From a listening thread. */
export type ListenerEvent =
  | { readonly type: 'listening'; readonly port: number }
  /** The thread could not start, and ends. `stack` is sent for defects only: see operator-error.ts. */
  | { readonly type: 'failed'; readonly message: string; readonly stack: string | undefined }
  /** An error was not caught. The thread goes on until it is told to close. */
  | { readonly type: 'lost'; readonly error: Error }
  | { readonly type: 'closed' };
