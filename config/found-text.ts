import type { ValueKind } from './setting.js';

/** Enough to recognise a value. A mistyped block of text would make an error message unreadable. */
const MAX_SHOWN = 60;

/** A value for messages: one line, short, without secrets. */
export function foundText(value: unknown, kind?: Pick<ValueKind<unknown>, 'masked'>): string {
  if (value === null || value === undefined) return 'nothing';
  if (kind?.masked !== undefined) return typeof value === 'string' ? quoted(kind.masked(value)) : '***';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return 'a mapping';
}

/** A name for messages. The key of a mapping can be any text, such as a part of a URL with a password. */
export function nameText(name: string): string {
  if (/[@:/]/.test(name)) return '***';
  return /^[\w.-]{1,60}$/.test(name) ? name : quoted(name);
}

function quoted(text: string): string {
  // A database URL with a password may stand at any setting by mistake.
  const shown = text.replace(/:\/\/[^]*@/g, '://***@');
  return JSON.stringify(shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown);
}
