/** One `/N[id]` of an EPUB CFI. */
export interface CfiStep {
  /** Even: the element at half that position among its siblings. Odd: the text between two elements. */
  readonly index: number;
  readonly id: string | undefined;
}

/**
 * The parts of an EPUB CFI (W3C, EPUB Canonical Fragment Identifiers 1.1). Of a range only the start is kept.
 * Temporal and spatial offsets are skipped: they say nothing about text.
 */
export interface Cfi {
  /** Steps in the package document, up to the first `!`: the spine and the itemref. */
  readonly packageSteps: readonly CfiStep[];
  /** Steps in the content document. Empty if the CFI ends in the package document. */
  readonly contentSteps: readonly CfiStep[];
  /** Character offset in UTF-16 units, `:N`. */
  readonly offsetUnits: number | undefined;
  /** The text that must stand before and after the offset, from `:N[before,after]`. */
  readonly textBefore: string | undefined;
  readonly textAfter: string | undefined;
  readonly isRange: boolean;
  /** The CFI goes on into a document that is embedded in the content document. That part is not kept. */
  readonly isNested: boolean;
}

/** No reader nests deeper. A longer CFI would only cost time. */
const MAX_STEPS = 1024;

/** Ids of real books are shorter. A position must not grow with a book that is made so, and a CFI may leave ids out. */
const MAX_ID_LENGTH = 256;

const WRAPPED = /^\s*epubcfi\((.*)\)\s*$/s;
const STEP = /\/(\d{1,9})(?:\[((?:[^\]^]|\^.)*)\])?/sy;
const OFFSET = /:(\d{1,9})(?:\[((?:[^\]^]|\^.)*)\])?/sy;
const MEDIA_OFFSET = /(?:~\d+(?:\.\d+)?)?(?:@\d+(?:\.\d+)?:\d+(?:\.\d+)?)?(?:\[(?:[^\]^]|\^.)*\])?/sy;

/** Undefined if the text is not a CFI by the grammar. */
export function parseCfi(text: string): Cfi | undefined {
  const inner = WRAPPED.exec(text)?.[1];
  if (inner === undefined) return undefined;
  const parts = splitOutsideBrackets(inner, ',');
  if (parts.length !== 1 && parts.length !== 3) return undefined;
  const path = parts.length === 3 ? `${parts[0]}${parts[1]}` : inner;
  const [packagePath, contentPath, ...embedded] = splitOutsideBrackets(path, '!');
  if (packagePath === undefined) return undefined;
  const inPackage = parsePath(packagePath);
  const inContent = contentPath === undefined ? undefined : parsePath(contentPath);
  if (inPackage === undefined || inPackage.steps.length === 0) return undefined;
  if (contentPath !== undefined && contentPath !== '' && inContent === undefined) return undefined;
  return {
    packageSteps: inPackage.steps,
    contentSteps: inContent?.steps ?? [],
    offsetUnits: inContent?.offsetUnits,
    textBefore: inContent?.textBefore,
    textAfter: inContent?.textAfter,
    isRange: parts.length === 3,
    isNested: embedded.length > 0,
  };
}

/** Writes steps with the escapes of the specification: `^` before `^ [ ] ( ) , ; =`. Very long ids are left out. */
export function formatSteps(steps: readonly CfiStep[]): string {
  return steps.map(({ index, id = '' }) => `/${index}${isWritten(id) ? `[${escapeCfi(id)}]` : ''}`).join('');
}

function isWritten(id: string): boolean {
  return id !== '' && id.length <= MAX_ID_LENGTH;
}

function escapeCfi(text: string): string {
  return text.replaceAll(/[\^[\](),;=]/g, '^$&');
}

interface Path {
  readonly steps: CfiStep[];
  readonly offsetUnits: number | undefined;
  readonly textBefore: string | undefined;
  readonly textAfter: string | undefined;
}

function parsePath(path: string): Path | undefined {
  const steps: CfiStep[] = [];
  let at = 0;
  for (;;) {
    STEP.lastIndex = at;
    const match = STEP.exec(path);
    if (match === null) break;
    if (steps.length === MAX_STEPS) return undefined;
    steps.push({ index: Number(match[1]), id: idOf(match[2]) });
    at = STEP.lastIndex;
  }
  if (steps.length === 0 && path !== '') return undefined;
  let offsetUnits: number | undefined;
  let textBefore: string | undefined;
  let textAfter: string | undefined;
  OFFSET.lastIndex = at;
  const offset = OFFSET.exec(path);
  if (offset !== null) {
    offsetUnits = Number(offset[1]);
    const assertion = splitOutsideBrackets(withoutParameters(offset[2] ?? ''), ',');
    textBefore = nonEmpty(assertion[0]);
    textAfter = nonEmpty(assertion[1]);
    at = OFFSET.lastIndex;
  }
  MEDIA_OFFSET.lastIndex = at;
  if (MEDIA_OFFSET.test(path)) at = MEDIA_OFFSET.lastIndex;
  return at === path.length ? { steps, offsetUnits, textBefore, textAfter } : undefined;
}

/** An assertion without its parameters (`;s=b`). */
function withoutParameters(assertion: string): string {
  return splitOutsideBrackets(assertion, ';')[0] ?? '';
}

function idOf(assertion: string | undefined): string | undefined {
  return assertion === undefined ? undefined : nonEmpty(withoutParameters(assertion));
}

function nonEmpty(escaped: string | undefined): string | undefined {
  if (escaped === undefined || escaped === '') return undefined;
  return escaped.replaceAll(/\^(.)/gs, '$1');
}

/** Splits at a character that is not escaped and not in square brackets: some readers do not escape ids. */
function splitOutsideBrackets(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '^') at += 1;
    else if (character === '[') depth += 1;
    else if (character === ']') depth = Math.max(0, depth - 1);
    else if (character === separator && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}
