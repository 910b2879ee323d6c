import * as fc from 'fast-check';
import type { Atom, ReferenceElement, ReferenceNode } from './reference-document.js';

/** An atom, or the kind of an atom whose character `numberAtoms` chooses so that it is unique in the document. */
type AtomKind = 'plain' | 'astral' | 'plain-reference' | 'astral-reference' | Atom;

const SPACES: readonly Atom[] = [' ', '\n', '\t', '\r\n'].map((raw) => ({
  kind: 'space',
  raw,
  dom: raw === '\r\n' ? '\n' : raw,
}));

const REFERENCES: readonly Atom[] = [
  { kind: 'reference', raw: '&#32;', dom: ' ' },
  { kind: 'reference', raw: '&#160;', dom: '\u00A0' },
  { kind: 'reference', raw: '&amp;', dom: '&' },
  { kind: 'reference', raw: '&#173;', dom: '\u00AD' },
];

const atom: fc.Arbitrary<AtomKind> = fc.oneof(
  { weight: 10, arbitrary: fc.constant<AtomKind>('plain') },
  { weight: 6, arbitrary: fc.constantFrom<AtomKind[]>(...SPACES) },
  { weight: 1, arbitrary: fc.constantFrom<AtomKind[]>('astral', 'plain-reference', 'astral-reference') },
  { weight: 1, arbitrary: fc.constantFrom<AtomKind[]>(...REFERENCES) },
);

type Draft =
  | { readonly kind: 'text'; readonly atoms: readonly AtomKind[] }
  | { readonly kind: 'cdata'; readonly atoms: readonly AtomKind[] }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'instruction'; readonly text: string }
  | {
      readonly kind: 'element';
      readonly name: string;
      readonly attributes: string;
      readonly children: readonly Draft[];
    };

const text: fc.Arbitrary<Draft> = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(atom, { minLength: 1, maxLength: 8 }) },
    {
      weight: 3,
      arbitrary: fc.array(fc.constantFrom<AtomKind[]>(...SPACES), { minLength: 1, maxLength: 3 }),
    },
  )
  .map((atoms) => ({ kind: 'text', atoms }));

const cdata: fc.Arbitrary<Draft> = fc
  .array(fc.constantFrom<AtomKind[]>('plain', 'astral', ...SPACES), { minLength: 1, maxLength: 5 })
  .map((atoms) => ({ kind: 'cdata', atoms }));

const comment: fc.Arbitrary<Draft> = fc.constantFrom<Draft[]>(
  { kind: 'comment', text: ' c ' },
  { kind: 'comment', text: '<p>no</p> > &amp; ' },
);

const instruction: fc.Arbitrary<Draft> = fc.constant({ kind: 'instruction', text: 'pi some="thing"' });

const ATTRIBUTES = ['', '', '', ' class="a b"', ' id="x.y"', " title='a &amp; b'", '\n  lang="en"'];

/** An element with one of the names (separated by spaces) and with `children`. */
function element(names: string, children: fc.Arbitrary<readonly Draft[]>): fc.Arbitrary<Draft> {
  return fc
    .tuple(fc.constantFrom(...names.split(' ')), fc.constantFrom(...ATTRIBUTES), children)
    .map(([name, attributes, content]) => ({ kind: 'element', name, attributes, children: content }));
}

const empty = fc.constant<readonly Draft[]>([]);
const hidden: fc.Arbitrary<Draft> = fc.constantFrom<Draft[]>(
  { kind: 'element', name: 'span', attributes: ' epub:type="pagebreak" id="p1"', children: [] },
  { kind: 'element', name: 'div', attributes: ' hidden=""', children: [{ kind: 'text', atoms: ['plain'] }] },
  { kind: 'element', name: 'style', attributes: '', children: [{ kind: 'text', atoms: ['plain'] }] },
);

/** Ruby without white space between its elements, for which there is no rule. */
const rubyContent: fc.Arbitrary<readonly Draft[]> = fc.constant([
  { kind: 'text', atoms: ['plain'] },
  { kind: 'element', name: 'rt', attributes: '', children: [{ kind: 'text', atoms: ['plain', 'plain'] }] },
  { kind: 'text', atoms: ['plain'] },
  { kind: 'element', name: 'rt', attributes: '', children: [{ kind: 'text', atoms: ['plain'] }] },
]);

const content = fc.letrec<{ inline: Draft; flow: Draft; table: Draft }>((tie) => {
  const inlines = fc.array(tie('inline'), { maxLength: 5 });
  const flows = fc.array(tie('flow'), { maxLength: 5 });
  const inline = fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    text,
    element('em span strong a b i code sub', inlines),
    element('img br', empty),
    comment,
    cdata,
    instruction,
    hidden,
    element('ruby', rubyContent),
  );
  const flow = fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    element('p h2 li', inlines),
    element('div section blockquote ul', flows),
    element('div p', inlines),
    tie('inline'),
    element(
      'em span a',
      fc.tuple(text, tie('inline')).map((pair) => pair),
    ),
    element('pre', inlines),
    tie('table'),
    element(
      'svg',
      fc.array(fc.oneof(text, element('text', fc.array(text, { maxLength: 1 }))), { maxLength: 2 }),
    ),
    element('hr', empty),
  );
  const cell = element('td th', fc.oneof(inlines, flows));
  const row = element('tr', fc.array(fc.oneof(cell, cell, text), { maxLength: 4 }));
  const table = element(
    'table',
    fc.array(fc.oneof(row, text, element('tbody', fc.array(fc.oneof(row, text), { maxLength: 3 }))), {
      maxLength: 4,
    }),
  );
  return { inline, flow, table };
});

/** A paragraph with a text longer than the length at which crengine splits texts. */
const longText: fc.Arbitrary<Draft> = fc
  .tuple(
    fc.oneof(fc.integer({ min: 8180, max: 8200 }), fc.constantFrom(8191, 8192, 8193)),
    fc.array(fc.nat({ max: 8200 }), { maxLength: 4 }),
    fc.boolean(),
  )
  .map(([length, spaces, isTwice]) => {
    const atoms: AtomKind[] = Array.from({ length: isTwice ? length * 2 : length }, () => 'plain');
    for (const at of spaces) if (at < atoms.length) atoms[at] = { kind: 'space', raw: ' ', dom: ' ' };
    return { kind: 'element', name: 'p', attributes: '', children: [{ kind: 'text', atoms }] };
  });

/** Content of a body. Each character that is no white space occurs once. */
export const arbitraryBody: fc.Arbitrary<readonly ReferenceNode[]> = fc
  .array(content.flow, { minLength: 1, maxLength: 6 })
  .map(numberAtoms);

/** As {@link arbitraryBody}, with a text that crengine splits. */
export const arbitraryLongBody: fc.Arbitrary<readonly ReferenceNode[]> = fc
  .tuple(longText, content.flow)
  .map((drafts) => numberAtoms(drafts));

/** Gives every character its own code point, and joins adjacent texts, which are one text in markup. */
function numberAtoms(drafts: readonly Draft[]): ReferenceNode[] {
  let count = 0;
  const toAtom = (kind: AtomKind): Atom => {
    // A copy, because atoms are compared by identity.
    if (typeof kind !== 'string') return { ...kind };
    count += 1;
    const isAstral = kind.startsWith('astral');
    const dom = String.fromCodePoint((isAstral ? 0x20000 : 0x4e00) + count);
    const isReference = kind.endsWith('reference');
    const raw = isReference ? `&#x${(dom.codePointAt(0) ?? 0).toString(16)};` : dom;
    return { kind: isReference ? 'reference' : 'character', raw, dom };
  };
  const toNodes = (list: readonly Draft[]): ReferenceNode[] => {
    const nodes: ReferenceNode[] = [];
    for (const draft of list) {
      const last = nodes.at(-1);
      if (draft.kind === 'text' || draft.kind === 'cdata') {
        const atoms = draft.atoms.map(toAtom);
        if (draft.kind === 'text' && last?.kind === 'text') {
          nodes[nodes.length - 1] = { kind: 'text', atoms: [...last.atoms, ...atoms] };
        } else nodes.push(draft.kind === 'text' ? { kind: 'text', atoms } : { kind: 'cdata', atoms });
      } else if (draft.kind === 'element') {
        const { name, attributes } = draft;
        const made: ReferenceElement = {
          kind: 'element',
          name,
          attributes,
          children: toNodes(draft.children),
        };
        nodes.push(made);
      } else nodes.push(draft);
    }
    return nodes;
  };
  return toNodes(drafts);
}
