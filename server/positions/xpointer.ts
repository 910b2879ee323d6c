/** One step below the body of a chapter. */
export type XpointerStep =
  /** The n-th child element of that name; the first where `index` is undefined. */
  | { readonly kind: 'element'; readonly name: string; readonly index: number | undefined }
  /** The n-th text node among the children. */
  | { readonly kind: 'text'; readonly index: number | undefined }
  /** The n-th child of any kind, counted from 1. crengine reads this form; KOReader never writes it. */
  | { readonly kind: 'child'; readonly index: number };

/** The first step of an x-pointer, which tells the format: EPUB, FictionBook, or HTML (RULES.md R5). */
export type XpointerRoot = 'DocFragment' | 'FictionBook' | 'html';

/**
 * The parts of a crengine x-pointer: `/body/DocFragment[8]/body/div/p[3]/text()[2].15`, `/FictionBook/body/p.0` or
 * `/html/body/p.0` (RULES.md R2, R5).
 */
export interface Xpointer {
  readonly root: XpointerRoot;
  /** Number of the DocFragment, counted from 1. In another format than EPUB it is 1. */
  readonly fragment: number;
  /** False for a pointer to the DocFragment itself, `/body/DocFragment[8].0`. */
  readonly hasBody: boolean;
  readonly steps: readonly XpointerStep[];
  /** `.N` at the end: code points in a text, children of an element (RULES.md R6, R7). Undefined: the node itself. */
  readonly point: number | undefined;
}

/** Boxes that crengine builds while it renders. Only pointers of DOM versions before 2020 name them (RULES.md R9). */
export const BOXING_NAMES: ReadonlySet<string> = new Set(
  'autoBoxing floatBox inlineBox tabularBox rubyBox mathBox pseudoElem'.split(' '),
);

/** No tree is this deep (`MAX_DEPTH` in source-tree-builder.ts), so that a longer pointer resolves nowhere. */
const MAX_STEPS = 1024;

const SINGLE_ROOTS = ['FictionBook', 'html'] as const;

const STEP = /\/(?:(text\(\))(?:\[(\d{1,9})\])?|(\d{1,9})|([^[\]/.\d][^[\]/.]*)(?:\[(\d{1,9})\])?)/y;
const POINT = /\.(\d{1,9})$/y;

/**
 * Parses an x-pointer, in both forms: without `[1]`, and always with it (RULES.md R8). Undefined for everything else, and
 * for pointers that crengine reads but never resolves (`[0]`, children of a text, another root).
 */
export function parseXpointer(text: string): Xpointer | undefined {
  const parsed = parseSteps(text.startsWith('/') ? text : `/${text}`);
  if (parsed === undefined) return undefined;
  const { point } = parsed;
  const [root, fragment, body, ...steps] = parsed.steps;
  const single = SINGLE_ROOTS.find((name) => isElementStep(root, name));
  if (single !== undefined) {
    const below = parsed.steps.slice(1);
    if ((root?.index ?? 1) !== 1 || hasTextInside(below)) return undefined;
    return { root: single, fragment: 1, hasBody: below.length > 0, steps: below, point };
  }
  if (!isElementStep(root, 'body') || !isElementStep(fragment, 'DocFragment')) return undefined;
  if ((root.index ?? 1) !== 1) return undefined;
  if (body !== undefined && (!isElementStep(body, 'body') || (body.index ?? 1) !== 1)) return undefined;
  if (hasTextInside(steps)) return undefined;
  return {
    root: 'DocFragment',
    fragment: fragment.index ?? 1,
    hasBody: body !== undefined,
    steps,
    point,
  };
}

/** A text has no children, so that such steps lead nowhere. */
function hasTextInside(steps: readonly XpointerStep[]): boolean {
  return steps.slice(0, -1).some((step) => step.kind === 'text');
}

/** Writes the form of DOM versions before 20260812 (RULES.md R8): a step without an index is its name alone. */
export function formatXpointer(pointer: Xpointer, hasOneFragment: boolean): string {
  const point = pointer.point === undefined ? '' : `.${pointer.point}`;
  return `${rootPath(pointer, hasOneFragment)}${pointer.steps.map(formatStep).join('')}${point}`;
}

function rootPath({ root, fragment, hasBody }: Xpointer, hasOneFragment: boolean): string {
  if (root !== 'DocFragment') return `/${root}`;
  const index = hasOneFragment ? '' : `[${fragment}]`;
  return `/body/DocFragment${index}${hasBody ? '/body' : ''}`;
}

function formatStep(step: XpointerStep): string {
  if (step.kind === 'child') return `/${step.index}`;
  const name = step.kind === 'text' ? 'text()' : step.name;
  return step.index === undefined ? `/${name}` : `/${name}[${step.index}]`;
}

type ElementStep = Extract<XpointerStep, { kind: 'element' }>;

function isElementStep(step: XpointerStep | undefined, name: string): step is ElementStep {
  return step?.kind === 'element' && step.name === name;
}

function parseSteps(text: string): { steps: XpointerStep[]; point: number | undefined } | undefined {
  const steps: XpointerStep[] = [];
  let at = 0;
  while (at < text.length) {
    POINT.lastIndex = at;
    const point = POINT.exec(text)?.[1];
    if (point !== undefined) return steps.length === 0 ? undefined : { steps, point: Number(point) };
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    if (match === null || steps.length === MAX_STEPS) return undefined;
    const [, textName, textIndex, childIndex, name, index] = match;
    const number = numberOf(textIndex ?? childIndex ?? index);
    if (number === 0) return undefined;
    if (textName !== undefined) steps.push({ kind: 'text', index: number });
    else if (name !== undefined) steps.push({ kind: 'element', name, index: number });
    else steps.push({ kind: 'child', index: number ?? 1 });
    at = STEP.lastIndex;
  }
  return { steps, point: undefined };
}

function numberOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}
