/** Numbers and times in the language and the time zone of the browser. */

const DAY_MS = 86_400_000;
const numbers = new Intl.NumberFormat();
const percentages = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const sizes = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'].map(
  (unit) =>
    new Intl.NumberFormat(undefined, {
      style: 'unit',
      unit,
      // The short form of "300 bytes" is "300 byte".
      unitDisplay: unit === 'byte' ? 'long' : 'short',
      maximumFractionDigits: 1,
    }),
);

export function count(value: number): string {
  return numbers.format(value);
}

/** "1 book", "2,000 books". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** @param fraction 0 to 1 */
export function percent(fraction: number): string {
  return percentages.format(fraction);
}

export function bytes(value: number): string {
  let rest = value;
  let index = 0;
  while (rest >= 1000 && index < sizes.length - 1) {
    rest /= 1000;
    index += 1;
  }
  return sizes[index]?.format(rest) ?? '';
}

export function moment(time: string): string {
  return moments.format(new Date(time));
}

export function day(time: string): string {
  return days.format(new Date(time));
}

/** "3 minutes ago", "yesterday"; after a week the day itself. */
export function ago(time: string, nowMs = Date.now()): string {
  const ms = new Date(time).getTime() - nowMs;
  const size = Math.abs(ms);
  if (size < 45_000) return 'just now';
  if (size < 3_600_000) return relative.format(Math.round(ms / 60_000), 'minute');
  if (size < DAY_MS) return relative.format(Math.round(ms / 3_600_000), 'hour');
  if (size < 7 * DAY_MS) return relative.format(Math.round(ms / DAY_MS), 'day');
  return day(time);
}

/** "1 h 20 min", "4 min", "12 s", "0.3 s". */
export function duration(ms: number): string {
  if (ms < 9500) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${String(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}
