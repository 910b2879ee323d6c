import { setMaxListeners } from 'node:events';
import type { Answer, StreamAnswer } from './answer.js';
import { ProblemError } from './problem.js';

/** uWebSockets.js cuts a connection on which nothing moved for ten seconds; proxies are slower to. */
const HEARTBEAT_MS = 5000;
/** Watchers of this process at a time; each asks the database now and then where another process runs the scan. */
const STREAMS = 100;
/** How often a stream asks whether its key still counts: revoking works within five seconds. */
const RECHECK_MS = 4000;

let streams = 0;

export interface StreamedState<Value> {
  readonly value: Value;
  /** States with the same one are not worth two events, though a clock in them goes on. */
  readonly version: string;
  /** Nothing will change any more. */
  readonly isEnd: boolean;
}

export interface EventSource<Value> {
  /** The client had this stream before and lost it, or it ended. */
  readonly isReconnect: boolean;
  /**
   * Gives the state again and again, every second or two; what did not change is not sent. Ends by itself behind the
   * end, and when the signal aborts.
   */
  readonly source: (signal: AbortSignal) => AsyncGenerator<StreamedState<Value>>;
  /** Asked every some seconds; it may throw as well. */
  readonly isStillWelcome: () => Promise<boolean>;
  /** The server is stopping: streams end, and clients come again to another server or later. */
  readonly stopping: AbortSignal;
}

/**
 * Server-sent events (the event streams of the HTML standard): `state` with the state as JSON whenever it has changed,
 * and `end` with the last one. A client that comes again to a stream that is at its end gets 204, which tells it to
 * stay away; without that a browser would come again for ever.
 *
 * A client that is slow to read gets fewer states, never late ones: each is asked for when the one before has left.
 *
 * @throws ProblemError `streams-at-limit`, and whatever the source throws for its first state
 */
export async function eventStream<Value>(events: EventSource<Value>): Promise<Answer | StreamAnswer> {
  const stop = new AbortController();
  const source = events.source(stop.signal);
  // Before anything is answered, so that what fails at once has a status.
  const first = await source.next();
  if (first.done === true || (first.value.isEnd && events.isReconnect)) {
    return { status: 204, contentType: EVENTS_TYPE, body: '', headers: NO_STORE };
  }
  if (streams >= STREAMS) {
    throw new ProblemError('streams-at-limit', `${String(STREAMS)} clients are watching already.`);
  }
  return {
    status: 200,
    contentType: EVENTS_TYPE,
    // nginx would hold events back until its buffer is full.
    headers: [...NO_STORE, ['x-accel-buffering', 'no']],
    pieces: (signal) => pieces(events, source, first.value, stop, signal),
  };
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
  const end = (): void => stop.abort();
  // Each stream listens, and that many are no leak.
  setMaxListeners(2 * STREAMS, events.stopping);
  gone.addEventListener('abort', end, { once: true });
  events.stopping.addEventListener('abort', end, { once: true });
  if (gone.aborted || events.stopping.aborted) end();
  streams++;
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
        if (!(await events.isStillWelcome())) return;
        checkedAt = now;
      }
      const next = await source.next();
      if (next.done === true) return;
      state = next.value;
    }
  } finally {
    streams--;
    end();
    events.stopping.removeEventListener('abort', end);
    await source.return(undefined);
  }
}
