/**
 * A second, slow model of how KOReader's crengine and a browser see a chapter. It is written from the rules alone, and it
 * works on a tree that the test makes instead of on markup, so it shares neither code nor method with the program.
 */

/** One character of text as it stands in markup: a plain character, white space, or a character reference. */
export interface Atom {
  readonly kind: 'character' | 'space' | 'reference';
  readonly raw: string;
  /** Its text in a browser's DOM. */
  readonly dom: string;
}

export type ReferenceNode =
  | { readonly kind: 'text'; readonly atoms: readonly Atom[] }
  | { readonly kind: 'cdata'; readonly atoms: readonly Atom[] }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'instruction'; readonly text: string }
  | ReferenceElement;

export interface ReferenceElement {
  readonly kind: 'element';
  readonly name: string;
  readonly attributes: string;
  readonly children: readonly ReferenceNode[];
}

/** The nodes as XHTML. */
export function serialise(nodes: readonly ReferenceNode[]): string {
  return nodes.map(serialiseNode).join('');
}

function serialiseNode(node: ReferenceNode): string {
  switch (node.kind) {
    case 'text':
      return node.atoms.map(({ raw }) => raw).join('');
    case 'cdata':
      return `<![CDATA[${node.atoms.map(({ raw }) => raw).join('')}]]>`;
    case 'comment':
      return `<!--${node.text}-->`;
    case 'instruction':
      return `<?${node.text}?>`;
    case 'element': {
      const open = `${node.name}${node.attributes}`;
      return node.children.length === 0
        ? `<${open}/>`
        : `<${open}>${serialise(node.children)}</${node.name}>`;
    }
    default:
      return node satisfies never;
  }
}

/** The part of each atom's CFI after the `!`, for the children of a body at `/4`. */
export function cfiPaths(nodes: readonly ReferenceNode[], prefix = '/4'): Map<Atom, string> {
  const paths = new Map<Atom, string>();
  let elements = 0;
  let units = 0;
  for (const node of nodes) {
    if (node.kind === 'element') {
      elements += 1;
      units = 0;
      const id = / id="([^"]*)"/.exec(node.attributes)?.[1];
      const step = `${prefix}/${elements * 2}${id === undefined ? '' : `[${id}]`}`;
      for (const [atom, path] of cfiPaths(node.children, step)) paths.set(atom, path);
    } else if (node.kind === 'text' || node.kind === 'cdata') {
      for (const atom of node.atoms) {
        paths.set(atom, `${prefix}/${elements * 2 + 1}:${units}`);
        units += atom.dom.length;
      }
    }
  }
  return paths;
}

/** A node of crengine's tree. */
export type KeptNode = KeptElement | KeptText;

export interface KeptElement {
  readonly kind: 'element';
  readonly name: string;
  readonly isHidden: boolean;
  readonly display: 'block' | 'inline' | 'none';
  readonly children: KeptNode[];
}

/** A text of crengine's tree: each code point with the atom that it comes from. */
export interface KeptText {
  readonly kind: 'text';
  readonly isHidden: boolean;
  readonly characters: readonly { readonly atom: Atom; readonly codePoint: string }[];
}

const BLOCKS = new Set(
  'body p div section article aside header footer nav main figure blockquote h1 h2 h3 address ul ol li dl dt dd pre hr table caption thead tbody tr td th'.split(
    ' ',
  ),
);
const NO_TEXT = new Set('table thead tbody tfoot tr col colgroup img svg'.split(' '));
const SVG_TEXT = new Set('text tspan title desc'.split(' '));

/** The body in crengine's tree, by rules 1.3 (2 to 10). */
export function keptBody(nodes: readonly ReferenceNode[]): KeptElement {
  const body: ReferenceElement = { kind: 'element', name: 'body', attributes: '', children: nodes };
  return keepElement(body, { isPre: false, isHidden: false, isSvg: false });
}

interface Inherited {
  readonly isPre: boolean;
  readonly isHidden: boolean;
  readonly isSvg: boolean;
}

function displayOf(element: ReferenceElement): 'block' | 'inline' | 'none' {
  const isPageBreak = element.name === 'span' && element.attributes.includes('epub:type="pagebreak"');
  if (element.attributes.includes(' hidden') || isPageBreak) return 'none';
  if (element.name === 'style' || element.name === 'script') return 'none';
  return BLOCKS.has(element.name) ? 'block' : 'inline';
}

function keepElement(element: ReferenceElement, from: Inherited): KeptElement {
  const display = displayOf(element);
  const state: Inherited = {
    isPre: element.name === 'pre' || (from.isPre && !BLOCKS.has(element.name)),
    isHidden: from.isHidden || display === 'none',
    isSvg: from.isSvg || element.name === 'svg',
  };
  const children: KeptNode[] = [];
  for (const node of element.children) {
    if (node.kind === 'element') children.push(keepElement(node, state));
    if (node.kind === 'instruction') {
      const name = `?${/^\w+/.exec(node.text)?.[0] ?? ''}`;
      children.push({ kind: 'element', name, isHidden: state.isHidden, display: 'inline', children: [] });
    }
    if (node.kind !== 'text' && node.kind !== 'cdata') continue;
    for (const piece of splitLongText(node.atoms)) {
      const isFirst = children.length === 0;
      const characters =
        state.isSvg || state.isPre
          ? preformatted(piece, isFirst && element.name === 'pre')
          : collapsed(piece);
      const text: KeptText = { kind: 'text', isHidden: state.isHidden, characters };
      // Rule 5.
      if (state.isSvg ? !SVG_TEXT.has(element.name) : NO_TEXT.has(element.name)) continue;
      // Rule 6.
      if (isFirst && display === 'block' && !state.isPre && isBlank(text)) continue;
      children.push(text);
    }
  }
  const kept = state.isSvg || state.isPre ? children : removeSpaces(children, display);
  return { kind: 'element', name: element.name, isHidden: state.isHidden, display, children: kept };
}

/** Rule 2. */
function splitLongText(atoms: readonly Atom[]): Atom[][] {
  const pieces: Atom[][] = [];
  let rest = [...atoms];
  for (;;) {
    let length = 0;
    let cut = 0;
    let afterBreak = 0;
    while (cut < rest.length && length + codePoints(rest[cut]) <= 8192) {
      length += codePoints(rest[cut]);
      cut += 1;
      const atom = rest[cut - 1];
      if (atom?.raw === ' ' || atom?.raw === '\n' || atom?.raw === '\r\n') afterBreak = cut;
    }
    // A text of exactly 8192 is cut too.
    if (cut === rest.length && length < 8192) break;
    const at = afterBreak === 0 ? cut : afterBreak;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return rest.length === 0 ? pieces : [...pieces, rest];
}

function codePoints(atom: Atom | undefined): number {
  return Array.from(atom?.raw ?? '').length;
}

/** Rule 3. */
function collapsed(atoms: readonly Atom[]): KeptText['characters'] {
  const characters: { atom: Atom; codePoint: string }[] = [];
  let isAfterSpace = false;
  for (const atom of atoms) {
    if (atom.kind === 'space') {
      if (!isAfterSpace) characters.push({ atom, codePoint: ' ' });
      isAfterSpace = true;
      continue;
    }
    isAfterSpace = false;
    for (const codePoint of atom.dom) characters.push({ atom, codePoint });
  }
  return characters;
}

/** Rule 4. */
function preformatted(atoms: readonly Atom[], dropsNewline: boolean): KeptText['characters'] {
  const characters: { atom: Atom; codePoint: string }[] = [];
  let column = 0;
  for (const atom of atoms) {
    for (const codePoint of atom.dom) {
      if (codePoint === '\t') {
        do {
          characters.push({ atom, codePoint: ' ' });
          column += 1;
        } while (column % 8 !== 0);
        continue;
      }
      if (codePoint === '\n') column = 0;
      column += 1;
      characters.push({ atom, codePoint });
    }
  }
  return dropsNewline && characters[0]?.codePoint === '\n' ? characters.slice(1) : characters;
}

function isBlank(node: KeptNode | undefined): boolean {
  return node?.kind === 'text' && node.characters.every(({ codePoint }) => /[ \t\r\n]/.test(codePoint));
}

/** Rules 7 to 10. */
function removeSpaces(children: KeptNode[], display: 'block' | 'inline' | 'none'): KeptNode[] {
  const isBlock = (node: KeptNode | undefined): boolean =>
    node?.kind === 'element' && node.display === 'block';
  const isHidden = (node: KeptNode | undefined): boolean =>
    node?.kind === 'element' && node.display === 'none';
  if (!children.some(isBlock)) return children;
  const removed = new Set<KeptNode>();
  if (display === 'inline') {
    const hasOther = children.some((node) => !isBlock(node) && !isHidden(node) && !isBlank(node));
    for (const [index, node] of children.entries()) {
      const isBeside = isBlock(children[index - 1]) || isBlock(children[index + 1]);
      if (hasOther && isBeside && isBlank(node)) removed.add(node);
    }
    return children.filter((node) => !removed.has(node));
  }
  let run: KeptNode[] = [];
  for (const node of [...children, undefined]) {
    if (node !== undefined && !isBlock(node) && !isHidden(node)) {
      run.push(node);
      continue;
    }
    const firstOther = run.findIndex((member) => !isBlank(member));
    const leading = firstOther < 0 ? run : run.slice(0, firstOther);
    for (const member of leading) removed.add(member);
    const last = run.at(-1);
    if (last !== undefined && isBlank(last)) removed.add(last);
    run = [];
  }
  return children.filter((node) => !removed.has(node));
}

/**
 * The node or atom to which the part of an x-pointer after `/body/DocFragment[n]/body` points, by the strict rules. `end`:
 * the end of a text. `undefined`: the path does not exist.
 */
export function followPath(body: KeptElement, path: string): KeptNode | Atom | 'end' | undefined {
  const [, steps = '', point] = /^(.*?)(?:\.(\d+))?$/.exec(path) ?? [];
  let node: KeptNode = body;
  for (const step of steps.split('/').filter((part) => part !== '')) {
    const [, name = '', index = '1'] = /^([^[]+)(?:\[(\d+)\])?$/.exec(step) ?? [];
    if (node.kind === 'text') return undefined;
    const alike: KeptNode[] = node.children.filter((child) =>
      child.kind === 'text' ? name === 'text()' : child.name === name,
    );
    const next: KeptNode | undefined = alike[Number(index) - 1];
    if (next === undefined) return undefined;
    node = next;
  }
  if (node.kind === 'element')
    return point === undefined || Number(point) <= node.children.length ? node : undefined;
  const offset = Number(point ?? 0);
  if (offset === node.characters.length) return 'end';
  return node.characters[offset]?.atom;
}

/** The path below the body of each atom in crengine's tree; for a tab in `pre`, that of its first space. */
export function keptPaths(element: KeptElement, prefix = ''): Map<Atom, string> {
  const paths = new Map<Atom, string>();
  for (const child of element.children) {
    const alike = element.children.filter((other) =>
      child.kind === 'text' ? other.kind === 'text' : other.kind === 'element' && other.name === child.name,
    );
    const index = alike.length === 1 ? '' : `[${alike.indexOf(child) + 1}]`;
    const name = child.kind === 'text' ? 'text()' : child.name;
    if (child.kind === 'element') {
      for (const [atom, path] of keptPaths(child, `${prefix}/${name}${index}`)) paths.set(atom, path);
      continue;
    }
    for (const [offset, { atom }] of child.characters.entries()) {
      if (!paths.has(atom)) paths.set(atom, `${prefix}/${name}${index}.${offset}`);
    }
  }
  return paths;
}
