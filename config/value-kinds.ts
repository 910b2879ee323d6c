import { resolve } from 'node:path';
import { Cron } from 'croner';
import {
  DATABASE_URL_EXPECTED,
  isDatabaseServer,
  maskedDatabaseUrl,
  MOST_SERVERS,
  normalisedDatabaseUrl,
} from './database-url.js';
import {
  isHost,
  isProxy,
  normalisedBaseUrl,
  normalisedOrigin,
  normalisedPublicUrl,
} from './network-values.js';
import type { CheckedValue, ValueKind } from './setting.js';

// Without a library for schemas: to load one takes a quarter of the time in which `dogear hash` hashes a file.

/** @param unit in the plural, such as `threads`; a port has none */
export function wholeNumber(minimum: number, maximum: number, unit?: string): ValueKind<number> {
  return {
    expected: `a whole number ${unit === undefined ? '' : `of ${unit} `}from ${grouped(minimum)} to ${grouped(maximum)}`,
    check: (value) => (isWholeNumber(value, minimum, maximum) ? right(value) : WRONG),
    fromText: numberFromText,
  };
}

export function oneOf<const Name extends string>(...names: readonly [Name, ...Name[]]): ValueKind<Name> {
  return {
    expected: oneOfText(names),
    check: (value) => {
      const name = names.find((candidate) => candidate === value);
      return name === undefined ? WRONG : right(name);
    },
    fromText: sameText,
  };
}

/** A whole number, or `auto` for one that the program chooses. */
export function autoOrWholeNumber(
  minimum: number,
  maximum: number,
  unit: string,
): ValueKind<'auto' | number> {
  return {
    expected: `auto, or a whole number of ${unit} from ${grouped(minimum)} to ${grouped(maximum)}`,
    check: (value) => (value === 'auto' || isWholeNumber(value, minimum, maximum) ? right(value) : WRONG),
    fromText: numberFromText,
  };
}

export const cronPattern: ValueKind<string | undefined> = {
  expected: 'five fields of cron, such as 0 3 * * *',
  check: optional((text) => (isCronPattern(text) ? text : undefined)),
  fromText: sameText,
};

/** With a time to come: there is no 30th of February. */
function isCronPattern(text: string): boolean {
  try {
    return new Cron(text, { paused: true, mode: '5-part' }).nextRun() !== null;
  } catch {
    return false;
  }
}

const yesNoTexts: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);
export const trueOrFalse: ValueKind<boolean> = {
  expected: 'true or false',
  check: (value) => (typeof value === 'boolean' ? right(value) : WRONG),
  fromText: (text) => yesNoTexts.get(text.toLowerCase()) ?? text,
};

export const databaseUrl: ValueKind<string> = {
  expected: DATABASE_URL_EXPECTED,
  check: required(normalisedDatabaseUrl),
  fromText: sameText,
  masked: maskedDatabaseUrl,
};

export const databaseServers: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MOST_SERVERS} servers such as db2, 192.0.2.2:3307 or "[2001:db8::2]:3307"`,
  check: listOf(ifValid(isDatabaseServer), MOST_SERVERS),
  fromText: listFromText,
  // User and password belong into database.url alone, and may stand before a server by mistake.
  masked: (text) => text.replace(/^[^]*@/, '***@'),
};

export const baseUrl: ValueKind<string> = {
  expected: 'the path of a URL, such as / or /dogear (letters, digits and . _ ~ - between the slashes)',
  check: required(normalisedBaseUrl),
  fromText: sameText,
};

export const publicUrl: ValueKind<string | undefined> = {
  expected: 'a URL such as https://books.example.org/dogear, without user, query and fragment',
  check: optional(normalisedPublicUrl),
  fromText: sameText,
};

export const host: ValueKind<string> = {
  expected: 'an IP address or a host name',
  check: required(ifValid(isHost)),
  fromText: sameText,
};

/** Far more than the names of one server. */
const MAX_HOSTS = 100;
export const hosts: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MAX_HOSTS} host names such as books.example.org, without port`,
  check: listOf(ifValid(isHost), MAX_HOSTS),
  fromText: listFromText,
};

/** An optional path of a file. Whether the file exists is checked by the code that reads it. */
export const file: ValueKind<string | undefined> = {
  expected: 'the path of a file',
  check: optional(absolutePath),
  fromText: sameText,
};

/** Far more than the disks of a machine. */
const MAX_FOLDERS = 100;
/** Absolute paths. Whether the folders exist is checked by the code that reads them. */
export const folders: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MAX_FOLDERS} paths of folders`,
  check: listOf(absolutePath, MAX_FOLDERS),
  fromText: listFromText,
};

/** More than any chain of proxies has. The list is searched on every request from a proxy. */
const MAX_PROXIES = 100;
export const proxies: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MAX_PROXIES} IP addresses, networks such as 10.0.0.0/8, or the word loopback`,
  check: listOf(ifValid(isProxy), MAX_PROXIES),
  fromText: listFromText,
};

/** Far more than the web readers that use one server. */
const MAX_ORIGINS = 100;
export const origins: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MAX_ORIGINS} origins such as https://reader.example.org, or "*" for all`,
  check: listOf(normalisedOrigin, MAX_ORIGINS),
  fromText: listFromText,
};

/** Brings a text into its normal form. `undefined`: it is not in the expected form. */
type Normal = (text: string, folder: string) => string | undefined;

const WRONG = { state: 'wrong' } as const;

function right<Value>(value: Value): CheckedValue<Value> {
  return { state: 'right', value };
}

function required(normal: Normal): ValueKind<string>['check'] {
  return (value, folder) => {
    const text = typeof value === 'string' ? normal(value, folder) : undefined;
    return text === undefined ? WRONG : right(text);
  };
}

/** In YAML `null` means "not set". */
function optional(normal: Normal): ValueKind<string | undefined>['check'] {
  const check = required(normal);
  return (value, folder) => (value === null || value === undefined ? right(undefined) : check(value, folder));
}

function listOf(normal: Normal, most: number): ValueKind<readonly string[]>['check'] {
  const check = required(normal);
  return (value, folder) => {
    if (!Array.isArray(value) || value.length > most) return WRONG;
    const texts: string[] = [];
    const entries: number[] = [];
    for (const [index, entry] of value.entries()) {
      const checked = check(entry, folder);
      if (checked.state === 'right') texts.push(checked.value);
      else entries.push(index);
    }
    return entries.length > 0 ? { state: 'wrong', entries } : right(texts);
  };
}

function ifValid(isValid: (text: string) => boolean): Normal {
  return (text) => (isValid(text) ? text : undefined);
}

function absolutePath(text: string, folder: string): string | undefined {
  return isPath(text) ? resolve(folder, text) : undefined;
}

function isWholeNumber(value: unknown, minimum: number, maximum: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
}

function isPath(text: string): boolean {
  return text !== '' && !text.includes('\0');
}

function listFromText(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(',').map((entry) => entry.trim());
}

function sameText(text: string): string {
  return text;
}

function numberFromText(text: string): unknown {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

const THOUSANDS = /\B(?=(?:\d{3})+$)/g;

/** Not by `toLocaleString`: its first call takes some 15 ms, which every command would wait for. */
function grouped(value: number): string {
  return String(value).replace(THOUSANDS, ',');
}

function oneOfText(names: readonly string[]): string {
  return names.length === 1 ? String(names[0]) : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
