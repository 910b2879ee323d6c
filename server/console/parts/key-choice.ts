import { effect, signal } from '@preact/signals';
import { session } from '../session.js';

/**
 * The key that was made last on this page load, whole. It leads from the page of keys to that of KOReader, and is in no
 * address and no storage.
 */
export const lastMadeKey = signal<{ readonly id: number | undefined; readonly text: string } | undefined>(
  undefined,
);

// The next one who signs in does not see it.
effect(() => {
  if (session.value.state !== 'signed-in') lastMadeKey.value = undefined;
});
