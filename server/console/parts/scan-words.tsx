import { count } from './format.js';
import type { Scan } from './scan-progress.jsx';

const STATES: Readonly<Record<Scan['state'], readonly [words: string, tone: string]>> = {
  running: ['Running', 'warning'],
  completed: ['Completed', 'good'],
  failed: ['Failed', 'bad'],
  cancelled: ['Cancelled', 'warning'],
  interrupted: ['Interrupted', 'warning'],
};

export function ScanState({ state }: Pick<Scan, 'state'>) {
  const [words, tone] = STATES[state];
  return <span class={`tag ${tone}`}>{words}</span>;
}

/** What a scan found, with what it found none of left out. */
export function scanCounts({
  counts,
  regen_hashes: hashesAll,
}: Pick<Scan, 'counts' | 'regen_hashes'>): string {
  const named: readonly (readonly [number, string])[] = [
    [counts.added, 'new'],
    [counts.changed, 'changed'],
    [counts.moved, 'moved'],
    [counts.returned, 'came back'],
    [counts.missing, 'missing'],
    [counts.failed, 'failed'],
    [hashesAll ? counts.hashed : 0, 'hashed'],
  ];
  const parts = named.filter(([number]) => number > 0).map(([number, words]) => `${count(number)} ${words}`);
  return [`${count(counts.found)} found`, ...(parts.length === 0 ? ['nothing new'] : parts)].join(', ');
}
