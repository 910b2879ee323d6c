import { signal } from '@preact/signals';
import { TabElection } from './tab-election.js';
import { type Changes, type LiveNews, type LiveRequest, TAB_BEAT_MS } from './live-messages.js';

/** The newest state of the server; `undefined` until it is known. */
export const changes = signal<Changes | undefined>(undefined);
export const isConnected = signal(false);
/**
 * Whether lists may be loaded: the state that comes first has their versions. A list that was loaded before could be older
 * than them, and would be loaded twice.
 */
export const isReady = signal(false);
/** How long lists wait for that state. They are loaded without it then, and again when it comes. */
const PATIENCE_MS = 400;

function hear(news: LiveNews): void {
  if (news.kind === 'changes') {
    changes.value = news.changes;
    isReady.value = true;
  } else isConnected.value = news.isConnected;
}

interface Line {
  ask(request: 'open' | 'close'): void;
}

let line: Line | undefined;

/** Begins to follow the server. All tabs of a browser share one event stream. */
export function startLive(): void {
  line ??= 'SharedWorker' in globalThis ? workerLine() : new TabElection(hear);
  line.ask('open');
  if (!isReady.value) setTimeout(() => (isReady.value = true), PATIENCE_MS);
}

export function stopLive(): void {
  line?.ask('close');
  changes.value = undefined;
  isReady.value = false;
  isConnected.value = false;
}

function workerLine(): Line {
  const { port } = new SharedWorker(new URL('./live-worker.ts', import.meta.url), { type: 'module' });
  port.addEventListener('message', ({ data }: MessageEvent<LiveNews>) => hear(data));
  port.start();
  const tell = (request: LiveRequest): void => port.postMessage(request);
  let last: LiveRequest = 'close';
  const repeat = (): void => {
    if (last === 'open') tell(last);
  };
  setInterval(repeat, TAB_BEAT_MS);
  addEventListener('pagehide', () => tell('leave'));
  // Also when the browser has kept the page for its back button.
  addEventListener('pageshow', repeat);
  return {
    ask: (request) => {
      last = request;
      tell(request);
    },
  };
}
