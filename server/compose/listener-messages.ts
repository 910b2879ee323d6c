import type { Configuration } from '../../config/schema.js';

export interface ListenerTask {
  readonly configuration: Configuration;
  readonly port: number;
}

/** From the thread that started it. */
export interface ListenerClose {
  readonly type: 'close';
  readonly deadlineMs: number;
}

/** From a listening thread. */
export type ListenerEvent =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly name: string; readonly message: string }
  /** Nobody caught an error; the thread still has to be told to close. */
  | { readonly type: 'lost'; readonly error: Error }
  | { readonly type: 'closed' };
