import { resolve } from 'node:path';
import { Cron } from 'croner';
import { z } from 'zod';
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
import type { ValueKind } from './setting.js';

/** @param unit in the plural, such as `threads`; a port has none */
export function wholeNumber(minimum: number, maximum: number, unit?: string): ValueKind<number> {
  const schema = z.int().min(minimum).max(maximum);
  return {
    expected: `a whole number ${unit === undefined ? '' : `of ${unit} `}from ${grouped(minimum)} to ${grouped(maximum)}`,
    schema: () => schema,
    fromText: numberFromText,
  };
}

export function oneOf<const Name extends string>(...names: readonly [Name, ...Name[]]): ValueKind<Name> {
  const schema = z.enum(names);
  return { expected: oneOfText(names), schema: () => schema, fromText: sameText };
}

/** A whole number, or `auto` for one that the program chooses. */
export function autoOrWholeNumber(
  minimum: number,
  maximum: number,
  unit: string,
): ValueKind<'auto' | number> {
  const schema = z.union([z.literal('auto'), z.int().min(minimum).max(maximum)]);
  return {
    expected: `auto, or a whole number of ${unit} from ${grouped(minimum)} to ${grouped(maximum)}`,
    schema: () => schema,
    fromText: numberFromText,
  };
}

const cronPatternSchema = optional(z.string().refine(isCronPattern));
export const cronPattern: ValueKind<string | undefined> = {
  expected: 'five fields of cron, such as 0 3 * * *',
  schema: () => cronPatternSchema,
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

const yesNoSchema = z.boolean();
const yesNoTexts: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);
export const trueOrFalse: ValueKind<boolean> = {
  expected: 'true or false',
  schema: () => yesNoSchema,
  fromText: (text) => yesNoTexts.get(text.toLowerCase()) ?? text,
};

export const databaseUrl: ValueKind<string> = {
  expected: DATABASE_URL_EXPECTED,
  schema: (folder) => normalised((text) => normalisedDatabaseUrl(text, folder)),
  fromText: sameText,
  masked: maskedDatabaseUrl,
};

const databaseServersSchema = z.array(z.string().refine(isDatabaseServer)).max(MOST_SERVERS);
export const databaseServers: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MOST_SERVERS} servers such as db2, 192.0.2.2:3307 or "[2001:db8::2]:3307"`,
  schema: () => databaseServersSchema,
  fromText: listFromText,
};

const baseUrlSchema = normalised(normalisedBaseUrl);
export const baseUrl: ValueKind<string> = {
  expected: 'the path of a URL, such as / or /dogear (letters, digits and . _ ~ - between the slashes)',
  schema: () => baseUrlSchema,
  fromText: sameText,
};

const publicUrlSchema = optional(normalised(normalisedPublicUrl));
export const publicUrl: ValueKind<string | undefined> = {
  expected: 'a URL such as https://books.example.org/dogear, without user, query and fragment',
  schema: () => publicUrlSchema,
  fromText: sameText,
};

const hostSchema = z.string().refine(isHost);
export const host: ValueKind<string> = {
  expected: 'an IP address or a host name',
  schema: () => hostSchema,
  fromText: sameText,
};

/** Far more than the names of one server. */
const MAX_HOSTS = 100;
const hostsSchema = z.array(hostSchema).max(MAX_HOSTS);
export const hosts: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MAX_HOSTS} host names such as books.example.org, without port`,
  schema: () => hostsSchema,
  fromText: listFromText,
};

/** An optional path of a file. Whether the file exists is checked by the code that reads it. */
export const file: ValueKind<string | undefined> = {
  expected: 'the path of a file',
  schema: (folder) => optional(normalised((text) => (isPath(text) ? resolve(folder, text) : undefined))),
  fromText: sameText,
};

/** Far more than the disks of a machine. */
const MAX_FOLDERS = 100;
/** Absolute paths. Whether the folders exist is checked by the code that reads them. */
export const folders: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MAX_FOLDERS} paths of folders`,
  schema: (folder) =>
    z.array(normalised((text) => (isPath(text) ? resolve(folder, text) : undefined))).max(MAX_FOLDERS),
  fromText: listFromText,
};

/** More than any chain of proxies has. The list is searched on every request from a proxy. */
const MAX_PROXIES = 100;
const proxiesSchema = z.array(z.string().refine(isProxy)).max(MAX_PROXIES);
export const proxies: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MAX_PROXIES} IP addresses, networks such as 10.0.0.0/8, or the word loopback`,
  schema: () => proxiesSchema,
  fromText: listFromText,
};

/** Far more than the web readers that use one server. */
const MAX_ORIGINS = 100;
const originsSchema = z.array(normalised(normalisedOrigin)).max(MAX_ORIGINS);
export const origins: ValueKind<readonly string[]> = {
  expected: `a list of at most ${MAX_ORIGINS} origins such as https://reader.example.org, or "*" for all`,
  schema: () => originsSchema,
  fromText: listFromText,
};

function normalised(normal: (text: string) => string | undefined): z.ZodType<string> {
  return z.string().transform((text, context) => {
    const value = normal(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: 'not in the expected form' });
    return z.NEVER;
  });
}

/** In YAML `null` means "not set". */
function optional(schema: z.ZodType<string>): z.ZodType<string | undefined> {
  return z.union([z.null().transform(() => undefined), z.undefined(), schema]);
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

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

function oneOfText(names: readonly string[]): string {
  return names.length === 1 ? String(names[0]) : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
