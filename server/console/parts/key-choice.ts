import { signal } from '@preact/signals';

/**
 * The key that was made last on this page load, whole. It leads from the page of keys to that of KOReader, and is in no
 * address and no storage.
 */
export const lastMadeKey = signal<{ readonly id: number | undefined; readonly text: string } | undefined>(
  undefined,
);
