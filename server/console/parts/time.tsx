import { signal } from '@preact/signals';
import { ago, moment } from './format.js';

const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 20_000);

/** How long ago something was, with the moment itself when one points at it. */
export function Ago({ time }: { readonly time: string }) {
  return (
    <time dateTime={time} title={moment(time)}>
      {ago(time, Math.max(now.value, Date.now()))}
    </time>
  );
}
