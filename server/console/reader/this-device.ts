/** What this browser is called in the list of devices. */
export interface ThisDevice {
  readonly id: string;
  readonly name: string;
}

const KEY = 'dogear-reader-device';
let known: ThisDevice | undefined;

/** Made when the first book is opened, and kept: a device with another name or id would be another device. */
export function thisDevice(): ThisDevice {
  known ??= stored() ?? made();
  return known;
}

function stored(): ThisDevice | undefined {
  const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null');
  if (typeof value !== 'object' || value === null || !('id' in value) || !('name' in value)) return undefined;
  const { id, name } = value;
  return typeof id === 'string' && typeof name === 'string' ? { id, name } : undefined;
}

function made(): ThisDevice {
  const random = crypto.getRandomValues(new Uint8Array(12));
  const id = `browser-${[...random].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  const device = { id, name: browserName(navigator.userAgent) };
  localStorage.setItem(KEY, JSON.stringify(device));
  return device;
}

/** As in the list of sessions: server/http/browser-name.ts. */
const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdg(?:A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

function browserName(userAgent: string): string {
  const nameIn = (list: typeof BROWSERS): string | undefined =>
    list.find(([pattern]) => pattern.test(userAgent))?.[1];
  const system = nameIn(SYSTEMS);
  return `${nameIn(BROWSERS) ?? 'Browser'}${system === undefined ? '' : ` on ${system}`}`;
}
