import type { SlowChapter, SlowElement, SlowText } from './slow-chapter.js';

/** The computed style of an element (R28, R29, R33). */
export interface SlowStyle {
  readonly display: string;
  readonly isFloat: boolean;
  readonly isPre: boolean;
  readonly before: 'none' | 'inline' | 'block' | 'float';
  readonly after: 'none' | 'inline' | 'block' | 'float';
}

type Declarations = ReadonlyMap<string, { readonly value: string; readonly isImportant: boolean }>;

interface Rule {
  readonly selector: string;
  readonly pseudo: string;
  readonly declarations: Declarations;
}

const VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ['display', 'none inline block list-item inline-block'.split(' ')],
  ['white-space', 'normal nowrap pre pre-wrap pre-line'.split(' ')],
  ['float', 'none left right'.split(' ')],
]);
const INITIAL: ReadonlyMap<string, string> = new Map([
  ['display', 'inline'],
  ['white-space', 'normal'],
  ['float', 'none'],
]);

const DISPLAYS: ReadonlyMap<string, string> = new Map(
  (
    'block: body div p section blockquote h1 h2 ul ol dl dt dd pre textarea hr center noframes source track keygen applet ' +
    'multicol epigraph annotation poem stanza city date id year subtitle video canvas;' +
    'list-item: li;ruby: ruby;table: table;table-row-group: tbody;table-row: tr;table-cell: td th;' +
    'table-caption: caption;inline-block: button input;' +
    'none: head title link meta base script style template area stylesheet'
  )
    .split(';')
    .flatMap((line) => {
      const [display = '', names = ''] = line.split(': ');
      return names.split(' ').map((name): [string, string] => [name, display]);
    }),
);

/** R29: one word of each value is read, and a declaration with an unknown one is ignored. */
function declarationsOf(text: string): Declarations {
  const found = new Map<string, { value: string; isImportant: boolean }>();
  for (const part of text.split(';')) {
    const [, name = '', rest = ''] = /^\s*([a-z-]+)\s*:\s*(.*)$/s.exec(part) ?? [];
    const isImportant = /!\s*important/.test(rest);
    let value: string | undefined = /^[a-z-]+/.exec(rest)?.[0] ?? '';
    if (name === 'content') value = /^(?:none|normal)|^$/.test(rest.trim()) ? 'none' : 'some';
    else if (value === 'initial') value = INITIAL.get(name);
    else if (VALUES.get(name)?.includes(value) !== true) value = undefined;
    if (value === undefined || (found.get(name)?.isImportant === true && !isImportant)) continue;
    found.set(name, { value, isImportant });
  }
  return found;
}

const APPLYING_MEDIA = /^(?:|all|screen|not print|screen, print|\(min-width: ?1px\))$/;

/** The rules of a style sheet, in order. The first rule is ignored after a mark of XML. */
function rulesOf(css: string): Rule[] {
  const rules: Rule[] = [];
  let rest = css.replaceAll(/\/\*.*?\*\//gs, ' ').trimStart();
  while (rest !== '') {
    const [whole, prelude = ''] = /^([^{}]*)\{/.exec(rest) ?? [rest];
    if (prelude.startsWith('@media')) {
      const end = rest.indexOf('}}');
      if (APPLYING_MEDIA.test(prelude.slice(6).trim()))
        rules.push(...rulesOf(`${rest.slice(whole.length, end)}}`));
      rest = rest.slice(end + 2).trimStart();
      continue;
    }
    const end = rest.indexOf('}');
    const selectors = prelude.split(',').map((selector) => selector.trim());
    const isKnown =
      /^[A-Za-z.[*:]/.test(prelude) && !selectors.some((selector) => selector.includes(':hover'));
    // A block that is not closed is ignored.
    if (isKnown && end >= 0) {
      const declarations = declarationsOf(rest.slice(whole.length, end));
      for (const selector of selectors) {
        const [simple = '', pseudo = ''] = selector.split(/::|:(?=before$|after$)/);
        rules.push({ selector: simple, pseudo, declarations });
      }
    }
    rest = end < 0 ? '' : rest.slice(end + 1).trimStart();
  }
  return rules;
}

/**
 * All rules of a body: those of the links before it, in order, then of the `style` elements as one sheet (R29, R34).
 * @param number of the body, from 0.
 */
export function rulesOfBody(
  chapter: SlowChapter,
  number: number,
  source: string,
  sheets: ReadonlyMap<string, string>,
): readonly Rule[] {
  const linked: Rule[] = [];
  let own = '';
  for (const { element, bodiesBefore } of chapter.outside) {
    const { name, attributes, children } = element;
    if (name === 'link' && bodiesBefore === number && isStyleSheet(attributes))
      linked.push(...sheetAt(attributes.get('href') ?? '', sheets));
    const [text] = children;
    if (name === 'style' && bodiesBefore <= number && text?.kind === 'text')
      own += source.slice(text.start, text.end);
  }
  return [...linked, ...rulesOf(own)];
}

function isStyleSheet(attributes: ReadonlyMap<string, string>): boolean {
  return (
    (attributes.get('rel') ?? 'stylesheet') === 'stylesheet' &&
    (attributes.get('type') ?? 'text/css') === 'text/css' &&
    APPLYING_MEDIA.test(attributes.get('media') ?? '')
  );
}

function sheetAt(href: string, sheets: ReadonlyMap<string, string>): Rule[] {
  const css = sheets.get(href.replace('../', '')) ?? '';
  // A file of less than 16 bytes is left out.
  if (css.length < 16) return [];
  const [whole = '', imported = '', media = ''] = /^@import "([^"]+)"([^;]*);/.exec(css) ?? [];
  const before = whole !== '' && APPLYING_MEDIA.test(media.trim()) ? sheetAt(imported, sheets) : [];
  return [...before, ...rulesOf(css.slice(whole.length))];
}

const TOKEN = /^(?:([A-Za-z][A-Za-z0-9]*)|\.([a-z]+)|\[([a-z]+)(?:="([^"]*)")?\]|(:first-child)|(\*))/;

/** The last compound of a selector, what stands before it, and how they are joined. */
function splitSelector(selector: string): readonly [before: string, joint: string, last: string] {
  const [, before = '', joint = '', last = selector] =
    /^(.*?)(\s*[>+~]\s*|\s+)([^\s>+~]+)$/s.exec(selector) ?? [];
  return [before, joint.trim() === '' && joint !== '' ? ' ' : joint.trim(), last];
}

function tokensOf(compound: string): RegExpExecArray[] {
  const tokens: RegExpExecArray[] = [];
  for (let rest = compound; rest !== '';) {
    const token = TOKEN.exec(rest);
    if (token === null) throw new Error(`the model does not know the selector ${compound}`);
    tokens.push(token);
    rest = rest.slice(token[0].length);
  }
  return tokens;
}

function elementSiblings({ parent }: SlowElement): SlowElement[] {
  return (parent?.children ?? []).filter((child) => child.kind === 'element');
}

function matches(element: SlowElement | undefined, selector: string): boolean {
  if (element === undefined) return false;
  const [before, joint, last] = splitSelector(selector);
  const isMatch = tokensOf(last).every(([, name, className, attribute, value, first]) => {
    if (name !== undefined) return name === element.name;
    if (className !== undefined)
      return (element.attributes.get('class') ?? '').split(/\s+/).includes(className);
    if (attribute !== undefined)
      return value === undefined
        ? element.attributes.has(attribute)
        : element.attributes.get(attribute) === value;
    return first === undefined || elementSiblings(element)[0] === element;
  });
  if (!isMatch || before === '') return isMatch;
  const siblings = elementSiblings(element);
  const earlier = siblings.slice(0, siblings.indexOf(element));
  switch (joint) {
    case '>':
      return matches(element.parent, before);
    case '+':
      return matches(earlier.at(-1), before);
    case '~':
      return earlier.some((sibling) => matches(sibling, before));
    default:
      for (let at = element.parent; at !== undefined; at = at.parent) if (matches(at, before)) return true;
      return false;
  }
}

/** R29: one number. */
function specificityOf(selector: string): number {
  const [before, , last] = splitSelector(selector);
  const own = tokensOf(last).reduce(
    (sum, [, name, , , , , any]) => sum + (any !== undefined ? 0 : name !== undefined ? 1 : 32),
    0,
  );
  return before === '' ? own : own + specificityOf(before);
}

/** The declaration that wins, of rules in the order of their sheets. */
function winner(
  property: string,
  applied: readonly { readonly declarations: Declarations; readonly weight: number }[],
) {
  let won: { value: string; weight: number } | undefined;
  for (const { declarations, weight } of applied) {
    const declaration = declarations.get(property);
    if (declaration === undefined) continue;
    const full = weight + (declaration.isImportant ? 1e9 : 0);
    if (won === undefined || full >= won.weight) won = { value: declaration.value, weight: full };
  }
  return won?.value;
}

export const isPicture = ({ name, attributes }: SlowElement): boolean =>
  name === 'object'
    ? (attributes.get('type') ?? '').startsWith('image/')
    : ['img', 'image', 'embed', 'svg'].includes(name);

/** What crengine's own style sheets say where the book says nothing. */
function ownDisplay(element: SlowElement): string {
  const { name, attributes, parent } = element;
  if (attributes.has('hidden') && !(DISPLAYS.get(name) ?? '').startsWith('table-')) return 'none';
  if (name === 'span' && attributes.get('type') === 'pagebreak') return 'none';
  if ((name === 'case' || name === 'default') && parent?.name === 'switch') {
    const isFormula = (choice: SlowElement | SlowText): boolean =>
      choice.kind === 'element' &&
      choice.name === 'case' &&
      (choice.attributes.get('required-namespace') ?? '').includes('MathML');
    const isAfterFormula = parent.children.slice(0, parent.children.indexOf(element)).some(isFormula);
    return isFormula(element) || (name === 'default' && !isAfterFormula) ? 'inline' : 'none';
  }
  return DISPLAYS.get(name) ?? 'inline';
}

const PRE = ['pre', 'textarea', 'style'];

export function styleOf(element: SlowElement, rules: readonly Rule[], isParentPre: boolean): SlowStyle {
  const { name, attributes } = element;
  const applying = (pseudo: string) =>
    rules
      .filter((rule) => rule.pseudo === pseudo && matches(element, rule.selector))
      .map(({ declarations, selector }) => ({ declarations, weight: specificityOf(selector) }));
  const own = applying('');
  const style = attributes.get('style');
  if (style !== undefined) own.push({ declarations: declarationsOf(style), weight: 1e6 });
  const float =
    winner('float', own) ??
    (name === 'img' && /^(?:left|right)$/.test(attributes.get('align') ?? '') ? 'left' : 'none');
  let display = winner('display', own) ?? ownDisplay(element);
  if (name === 'br' && display !== 'none') display = 'inline';
  if (float !== 'none' && (display === 'inline' || display === 'ruby')) display = 'block';
  const whiteSpace = winner('white-space', own);
  const isPre =
    whiteSpace === undefined
      ? PRE.includes(name) || isParentPre
      : whiteSpace !== 'normal' && whiteSpace !== 'nowrap';
  const generated = (pseudo: string): SlowStyle['before'] => {
    const applied = applying(pseudo);
    const content = winner('content', applied) ?? (name === 'q' ? 'some' : 'none');
    const shown = winner('display', applied) ?? 'inline';
    if (content === 'none' || shown === 'none') return 'none';
    if ((winner('float', applied) ?? 'none') !== 'none') return 'float';
    return shown === 'inline' || shown === 'inline-block' ? 'inline' : 'block';
  };
  return {
    display,
    isFloat: float !== 'none',
    isPre,
    before: generated('before'),
    after: generated('after'),
  };
}
