import { isSupported } from './style-declarations.js';

/** Whether KOReader applies what is under a condition (RULES.md R29). `unknown`: it depends on the screen, for example. */
export type Applies = 'yes' | 'no' | 'unknown';

/** Screens of readers have at least some hundred pixels, and none has more than some thousand. */
const SMALLEST_SCREEN_PIXELS = 300;
const LARGEST_SCREEN_PIXELS = 6000;
/** Pixels in a unit of length, at least about. */
const PIXELS: Readonly<Record<string, number>> = { px: 1, em: 16, rem: 16, pt: 1.3, in: 96, cm: 38, mm: 4 };

/** What stands before the `{` of a group of rules. crengine knows no other groups than these two. */
export function groupApplies(prelude: string): Applies {
  const media = /^@media\b(.*)$/is.exec(prelude)?.[1];
  if (media !== undefined) return mediaApplies(media);
  const supports = /^@supports\b(.*)$/is.exec(prelude)?.[1];
  return supports === undefined ? 'no' : supportsApplies(supports);
}

const SUPPORTED = /^\s*(not\s+)?\(\s*([a-z-]+)\s*:\s*([a-z-]+)\s*\)\s*$/i;

function supportsApplies(text: string): Applies {
  if (text.length > MAX_LENGTH) return 'unknown';
  const [, negation, property = '', value = ''] = SUPPORTED.exec(text) ?? [];
  const answer = isSupported(property.toLowerCase(), value.toLowerCase());
  if (answer === undefined) return 'unknown';
  return answer === (negation === undefined) ? 'yes' : 'no';
}

const KEYWORD = /^\s*([A-Za-z-][\w-]*)/;
/** Conditions of books have some dozens of characters. */
const MAX_LENGTH = 1000;

/** The conditions of `@media`, of which one is enough. crengine knows `all` and `screen`, and no other device. */
export function mediaApplies(text: string): Applies {
  if (text.length > MAX_LENGTH) return 'unknown';
  const answers = text.split(',').map(conditionApplies);
  if (answers.includes('yes')) return 'yes';
  return answers.includes('unknown') ? 'unknown' : 'no';
}

function conditionApplies(condition: string): Applies {
  let rest = condition;
  let isNegated = false;
  let answer: Applies = 'yes';
  for (let match = KEYWORD.exec(rest); match !== null; match = KEYWORD.exec(rest)) {
    const keyword = (match[1] ?? '').toLowerCase();
    if (keyword === 'not') isNegated = true;
    else if (!['only', 'and', 'all', 'screen'].includes(keyword)) answer = 'no';
    rest = rest.slice(match[0].length);
  }
  rest = rest.trim();
  if (answer === 'yes' && rest.startsWith('(')) answer = featuresApply(rest);
  if (!isNegated || answer === 'unknown') return answer;
  return answer === 'yes' ? 'no' : 'yes';
}

const FEATURES = /^\(([^()]*)\)(?:\s*and\s*\(([^()]*)\))?(?:\s*and\s*\(([^()]*)\))?$/i;

function featuresApply(text: string): Applies {
  const match = FEATURES.exec(text);
  if (match === null) return 'unknown';
  const answers = match
    .slice(1)
    .flatMap((feature) => (feature === undefined ? [] : [featureApplies(feature)]));
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

const FEATURE = /^\s*(-?[a-z-]+)\s*(?::\s*(\d{0,6}(?:\.\d{1,6})?)\s*([a-z%]*)\s*)?$/i;
const SIZES: ReadonlySet<string> = new Set(['width', 'height'].flatMap((size) => [size, `device-${size}`]));
/** Other features that crengine knows. Those that are in neither list never apply. */
const DEPENDENT =
  /^(?:(?:min-|max-)?(?:(?:device-)?aspect-ratio|resolution|color)|orientation|monochrome|grid|scripting|update|overflow-(?:inline|block)|-cr-.*)$/;

function featureApplies(feature: string): Applies {
  const [, name = '', number, unit = ''] = FEATURE.exec(withSingleSpaces(feature.toLowerCase())) ?? [];
  const size = name.replace(/^(?:min|max)-/, '');
  if (!SIZES.has(size)) return DEPENDENT.test(/^\s*([a-z-]*)/i.exec(feature)?.[1] ?? '') ? 'unknown' : 'no';
  const pixelsPerUnit = PIXELS[unit];
  if (number === undefined || number === '' || pixelsPerUnit === undefined) return 'unknown';
  const pixels = Number(number) * pixelsPerUnit;
  if (name.startsWith('min-')) return appliesBySize(pixels, 'yes', 'no');
  return name.startsWith('max-') ? appliesBySize(pixels, 'no', 'yes') : appliesBySize(pixels, 'no', 'no');
}

/** `FEATURE` tries each way to divide a series of spaces among its parts, which takes the cube of its length. */
function withSingleSpaces(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function appliesBySize(pixels: number, ifSmall: Applies, ifLarge: Applies): Applies {
  if (pixels < SMALLEST_SCREEN_PIXELS) return ifSmall;
  return pixels > LARGEST_SCREEN_PIXELS ? ifLarge : 'unknown';
}
