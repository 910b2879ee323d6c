import { signal } from '@preact/signals';
import { TabElection } from './tab-election.js';
import type { Changes, LiveNews, LiveRequest } from './live-messages.js';

/** The newest state of the server; `undefined` until it is known. */
export const changes = signal<Changes | undefined>(undefined);
export const isConnected = signal(false);

function hear(news: LiveNews): void {
  if (news.kind === 'changes') changes.value = news.changes;
  else isConnected.value = news.isConnected;
}

interface Line {
  ask(request: LiveRequest): void;
}

let line: Line | undefined;

/** Begins to follow the server. All tabs of a browser share one event stream. */
export function startLive(): void {
  line ??= 'SharedWorker' in globalThis ? workerLine() : new TabElection(hear);
  line.ask('open');
}

export function stopLive(): void {
  line?.ask('close');
  changes.value = undefined;
  isConnected.value = false;
}

function workerLine(): Line {
  const { port } = new SharedWorker(new URL('./live-worker.ts', import.meta.url), { type: 'module' });
  port.addEventListener('message', ({ data }: MessageEvent<LiveNews>) => hear(data));
  port.start();
  return { ask: (request) => port.postMessage(request) };
}
