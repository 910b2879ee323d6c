import type { Appearance } from './book-view.js';

const KEY = 'dogear-reader-appearance';
export const SMALLEST_FONT_PERCENT = 70;
export const LARGEST_FONT_PERCENT = 250;
const DEFAULT: Appearance = { theme: 'auto', fontPercent: 110, flow: 'pages', hasOwnStyles: true };

/** As it was chosen last in this browser. */
export function storedAppearance(): Appearance {
  let value: unknown;
  try {
    value = JSON.parse(localStorage.getItem(KEY) ?? 'null');
  } catch {
    return DEFAULT; // somebody has changed it by hand
  }
  const { theme, fontPercent, flow, hasOwnStyles } = fieldsOf(value);
  return {
    theme: THEMES.find((name) => name === theme) ?? DEFAULT.theme,
    fontPercent:
      typeof fontPercent === 'number' &&
      fontPercent >= SMALLEST_FONT_PERCENT &&
      fontPercent <= LARGEST_FONT_PERCENT
        ? fontPercent
        : DEFAULT.fontPercent,
    flow: flow === 'scroll' ? 'scroll' : 'pages',
    hasOwnStyles: hasOwnStyles !== false,
  };
}

function fieldsOf(value: unknown): Readonly<Partial<Record<string, unknown>>> {
  return typeof value === 'object' ? { ...value } : {};
}

export function storeAppearance(appearance: Appearance): void {
  localStorage.setItem(KEY, JSON.stringify(appearance));
}

export const THEMES = ['auto', 'light', 'sepia', 'dark'] as const;
