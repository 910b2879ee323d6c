import { randomBytes, randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import type { AccountSharing } from '../accounts/accounts.js';
import type { LoginChannel, LoginNews } from '../accounts/login-news.js';
import { SharedTurns, TURNS_BYTES } from '../accounts/passwords/shared-turns.js';
import { SharedCount } from '../domain/shared-count.js';

/** Sent to each listening thread. From it, each makes its {@link SharedLimits}. */
export interface SharedLimitsSeed {
  readonly memory: SharedArrayBuffer;
  readonly secret: Uint8Array;
  /** Of the channel. A process may have several servers: tests do. */
  readonly channelName: string;
}

const CELL_BYTES = Int32Array.BYTES_PER_ELEMENT;
/** Where things are in the memory. */
const SCANS_AT = 0;
const STREAMS_AT = SCANS_AT + CELL_BYTES;
const FOLDER_LOOKS_AT = STREAMS_AT + CELL_BYTES;
const ROOT_LOOKS_AT = FOLDER_LOOKS_AT + CELL_BYTES;
const DOWNLOADS_AT = ROOT_LOOKS_AT + CELL_BYTES;
const LOGINS_AT = DOWNLOADS_AT + CELL_BYTES;
const THROTTLED_LOGINS_AT = LOGINS_AT + TURNS_BYTES;
const REGISTRATIONS_AT = THROTTLED_LOGINS_AT + TURNS_BYTES;
const MEMORY_BYTES = REGISTRATIONS_AT + TURNS_BYTES;

export function seedSharedLimits(): SharedLimitsSeed {
  return {
    memory: new SharedArrayBuffer(MEMORY_BYTES),
    secret: randomBytes(32),
    channelName: `dogear-logins ${randomUUID()}`,
  };
}

/** One thread's access to the limits that hold for all threads of a server together. */
export class SharedLimits {
  readonly scans: SharedCount;
  readonly streams: SharedCount;
  readonly folderLooks: SharedCount;
  readonly rootLooks: SharedCount;
  readonly downloads: SharedCount;
  /** `undefined`: the server has one thread. */
  readonly accounts: AccountSharing | undefined;
  readonly #channel: BroadcastLoginChannel | undefined;

  constructor({ memory, secret, channelName }: SharedLimitsSeed, threads: number) {
    this.scans = new SharedCount(new Int32Array(memory, SCANS_AT, 1));
    this.streams = new SharedCount(new Int32Array(memory, STREAMS_AT, 1));
    this.folderLooks = new SharedCount(new Int32Array(memory, FOLDER_LOOKS_AT, 1));
    this.rootLooks = new SharedCount(new Int32Array(memory, ROOT_LOOKS_AT, 1));
    this.downloads = new SharedCount(new Int32Array(memory, DOWNLOADS_AT, 1));
    if (threads === 1) return;
    this.#channel = new BroadcastLoginChannel(channelName);
    const turns = {
      logins: new SharedTurns(memory, LOGINS_AT),
      throttledLogins: new SharedTurns(memory, THROTTLED_LOGINS_AT),
      registrations: new SharedTurns(memory, REGISTRATIONS_AT),
    };
    this.accounts = { secret, turns, channel: this.#channel };
  }

  close(): void {
    this.#channel?.close();
  }
}

/** News are collected for this long and sent together: a message costs as much as some dozens of news. */
const COLLECT_MS = 10;
/**
 * News in a message. Somebody who fails from many thousands of addresses causes more; the rest are not sent. The other
 * threads then count fewer of these failures, but their work stays bounded.
 */
const MOST_NEWS = 200;

class BroadcastLoginChannel implements LoginChannel {
  readonly #channel: BroadcastChannel;
  #collected: LoginNews[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(name: string) {
    this.#channel = new BroadcastChannel(name);
    this.#channel.unref();
  }

  send(news: LoginNews): void {
    // A check of a password may end after the server has closed.
    if (this.#isClosed) return;
    if (this.#collected.length < MOST_NEWS) this.#collected.push(news);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#channel.postMessage(this.#collected);
      this.#collected = [];
    }, COLLECT_MS).unref();
  }

  listen(receive: (news: LoginNews) => void): void {
    // Node.js's BroadcastChannel has no addEventListener in its types.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    this.#channel.onmessage = (event: unknown) => {
      if (typeof event !== 'object' || event === null || !('data' in event)) return;
      // Only this class posts to the channel, and a BroadcastChannel does not leave the process.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      for (const news of event.data as readonly LoginNews[]) receive(news);
    };
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#channel.close();
  }
}
