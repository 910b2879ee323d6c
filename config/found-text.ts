import type { ValueKind } from './setting.js';

/** Enough to recognise a value by; nobody wants a mistyped block of text in an error message. */
const MAX_SHOWN = 60;

/** A value as it is shown in messages: one line, short, without secrets. */
export function foundText(value: unknown, kind?: Pick<ValueKind<unknown>, 'masked'>): string {
  if (value === null || value === undefined) return 'nothing';
  if (kind?.masked !== undefined) return typeof value === 'string' ? quoted(kind.masked(value)) : '***';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return 'a mapping';
}

/** A name as it is shown in messages: the key of a mapping may turn out to be anything, a piece of an address too. */
export function nameText(name: string): string {
  if (/[@:/]/.test(name)) return '***';
  return /^[\w.-]{1,60}$/.test(name) ? name : quoted(name);
}

function quoted(text: string): string {
  // A database address in the wrong place is still an address with a password.
  const shown = text.replace(/:\/\/[^]*@/g, '://***@');
  return JSON.stringify(shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown);
}
