import { signal } from '@preact/signals';

const SHOWN_MS = 6000;

const message = signal('');
let timer: ReturnType<typeof setTimeout> | undefined;

/** Says for a few seconds that something was done. */
export function say(text: string): void {
  clearTimeout(timer);
  message.value = text;
  timer = setTimeout(() => (message.value = ''), SHOWN_MS);
}

export function Toast() {
  return (
    <div class="toast" role="status" aria-live="polite">
      {message.value === '' ? null : <p>{message.value}</p>}
    </div>
  );
}
