import { setMaxListeners } from 'node:events';
import { WaitingShares } from '../batching/waiting-shares.js';
import type { UserId } from '../domain/ids.js';
import type { SharedCount } from '../domain/shared-count.js';
import type { Answer, StreamAnswer } from './answer.js';
import { ProblemError } from './problem.js';

/** uWebSockets.js closes a connection without traffic after ten seconds; proxies wait longer. */
const HEARTBEAT_MS = 5000;
/** Limit for the process: while another one, or another thread, runs the scan, each stream queries the database regularly. */
const STREAMS = 100;
/**
 * Streams of one user, so that four users must work together to take all of them. A browser has one for all its tabs, and
 * where that does not work one for each. Each thread has its part.
 */
const STREAMS_PER_USER = 25;
/** However many threads there are, somebody may watch with two browsers that reach the same one. */
const LEAST_SHARE = 2;
/** How often a stream, or a download, checks that its API key is still valid: revoking works within five seconds. */
export const RECHECK_MS = 4000;

/** For {@link EventSource.shares}. @param threads that answer requests */
export function newStreamShares(threads: number): WaitingShares {
  return new WaitingShares(Math.max(LEAST_SHARE, Math.floor(STREAMS_PER_USER / threads)));
}

export interface StreamedState<Value> {
  readonly value: Value;
  /** A state is sent only when its version differs from the one before; a clock in `value` alone is no reason. */
  readonly version: string;
  /** This state is final. */
  readonly isEnd: boolean;
}

export interface EventSource<Value> {
  /** The client was connected to this stream before. */
  readonly isReconnect: boolean;
  /**
   * Yields the state every second or two, changed or not. Ends after the final state, and when the signal aborts.
   */
  readonly source: (signal: AbortSignal) => AsyncGenerator<StreamedState<Value>>;
  /** Called every few seconds; `false` or an error ends the stream. */
  readonly isStillPermitted: () => Promise<boolean>;
  /** Aborts when the server stops. All streams end then, and clients reconnect to another server or later. */
  readonly stopping: AbortSignal;
  /** The streams of the process. */
  readonly streams: SharedCount;
  /** The streams of each user on this thread. */
  readonly shares: WaitingShares;
  readonly userId: UserId;
}

/**
 * Server-sent events as in the HTML standard: `state` with the state as JSON whenever it has changed, and `end` with
 * the final state. A client that reconnects after the end gets 204, which tells it to stop; without it a browser would
 * reconnect for ever.
 *
 * A client that reads slowly gets fewer states, but no outdated ones: the next state is requested from the source only
 * when the one before has left.
 *
 * @throws ProblemError `streams-at-limit`, and whatever the source throws for its first state
 */
export async function eventStream<Value>(events: EventSource<Value>): Promise<Answer | StreamAnswer> {
  requirePlace(events);
  const stop = new AbortController();
  const source = events.source(stop.signal);
  // Read before the status is sent, so that an error of the source becomes an answer of its own.
  const first = await source.next();
  if (first.done === true || (first.value.isEnd && events.isReconnect)) {
    return { status: 204, contentType: EVENTS_TYPE, body: '', headers: NO_STORE };
  }
  return {
    status: 200,
    contentType: EVENTS_TYPE,
    // Without this header nginx holds events back until its buffer is full.
    headers: [...NO_STORE, ['x-accel-buffering', 'no']],
    pieces: (signal) => pieces(events, source, first.value, stop, signal),
  };
}

/** Before anything is read from the database. The place is taken when the stream begins: a client may leave before that. */
function requirePlace<Value>({ streams, shares, userId }: EventSource<Value>): void {
  if (streams.value >= STREAMS) {
    throw new ProblemError('streams-at-limit', `${String(STREAMS)} clients are watching already.`);
  }
  if (!shares.add(userId, 1)) {
    throw new ProblemError('streams-at-limit', 'Too many clients of this user are watching already.');
  }
  shares.remove(userId, 1);
}

const EVENTS_TYPE = 'text/event-stream';
const NO_STORE = [['cache-control', 'no-store']] as const;

async function* pieces<Value>(
  events: EventSource<Value>,
  source: AsyncGenerator<StreamedState<Value>>,
  first: StreamedState<Value>,
  stop: AbortController,
  gone: AbortSignal,
): AsyncGenerator<string> {
  // Several may have come past the check before one of them was counted.
  const isInShare = events.shares.add(events.userId, 1);
  if (!isInShare || !events.streams.tryAdd(STREAMS)) {
    if (isInShare) events.shares.remove(events.userId, 1);
    stop.abort();
    await source.return(undefined);
    return;
  }
  const end = (): void => stop.abort();
  // Every stream adds a listener, so a hundred listeners are no leak.
  setMaxListeners(2 * STREAMS, events.stopping);
  gone.addEventListener('abort', end, { once: true });
  events.stopping.addEventListener('abort', end, { once: true });
  if (gone.aborted || events.stopping.aborted) end();
  try {
    let state = first;
    let sent: string | undefined;
    let id = 0;
    let sentAt = performance.now();
    let checkedAt = sentAt;
    while (!stop.signal.aborted) {
      const now = performance.now();
      if (state.isEnd || state.version !== sent) {
        const data = JSON.stringify(state.value);
        yield `event: ${state.isEnd ? 'end' : 'state'}\nid: ${String(++id)}\ndata: ${data}\n\n`;
        sent = state.version;
        sentAt = now;
      } else if (now - sentAt >= HEARTBEAT_MS) {
        yield ': still here\n\n';
        sentAt = now;
      }
      if (state.isEnd) return;
      if (now - checkedAt >= RECHECK_MS) {
        if (!(await events.isStillPermitted())) return;
        checkedAt = now;
      }
      const next = await source.next();
      if (next.done === true) return;
      state = next.value;
    }
  } finally {
    events.streams.subtract();
    events.shares.remove(events.userId, 1);
    end();
    events.stopping.removeEventListener('abort', end);
    await source.return(undefined);
  }
}
