import { asShownName } from '../domain/single-line.js';

/** Characters of a `User-Agent` that are looked at. Real ones have some 150. */
const READ_CHARACTERS = 500;
/** Characters of a name that this cannot shorten. The column is as wide. */
const NAME_CHARACTERS = 100;

/** In this order: most browsers also call themselves like the ones that they descend from. */
const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdg(?:A|iOS)?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\bSamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+)\S* (?:Mobile\/\S+ )?Safari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bKindle\b/, 'Kindle'],
  [/\bKobo\b/, 'Kobo'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/**
 * The header `User-Agent` in words that a person recognises in a list of sessions: `Firefox 140 on Linux`. Browsers that are
 * not known, and other programs, keep the beginning of what they send.
 *
 * @returns `undefined` when nothing was sent that can be shown
 */
export function browserName(userAgent: string | undefined): string | undefined {
  const text = (userAgent ?? '').slice(0, READ_CHARACTERS);
  const system = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1];
  for (const [pattern, name] of BROWSERS) {
    const version = pattern.exec(text)?.[1];
    if (version !== undefined) return `${name} ${version}${system === undefined ? '' : ` on ${system}`}`;
  }
  const shown = Array.from(asShownName(text)).slice(0, NAME_CHARACTERS).join('').trim();
  return shown === '' ? undefined : shown;
}
