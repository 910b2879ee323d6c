import { crengineAttributeOf, localAttributeOf } from '../source/attributes.js';
import { nameOf, parentOf, type SourceTree } from '../source/source-tree.js';
import type { Dialect } from './dialect.js';
import { defaultDisplay } from './element-names.js';
import type { StyleDeclarations } from './style-declarations.js';

/** Declarations, and the specificity of their rule among these rules. */
export interface AgentRule {
  readonly declarations: StyleDeclarations;
  readonly specificity: number;
}

/** The weights of a rule for a name, for an attribute, and for both. */
const NAME = 1;
const ATTRIBUTE = 32;
const NAME_AND_ATTRIBUTE = 33;

const NOTHING: StyleDeclarations = {
  display: undefined,
  whiteSpace: undefined,
  float: undefined,
  content: undefined,
};

/** `align` makes them float. */
const ALIGNED: ReadonlySet<string> = new Set('table embed iframe input img'.split(' '));
const TABLE_FORM_PARENTS: ReadonlySet<string> = new Set(['table', 'thead', 'tbody', 'tfoot', 'tr']);

/**
 * The rules of crengine's own style sheets for EPUBs that depend on attributes and parents (RULES.md R28). Each
 * rule of the book outweighs them. What they say by the name alone is in element-names.ts.
 *
 * @param withHints with the rules for attributes of HTML that describe looks (`hidden`, `align`). KOReader leaves them out
 * where the style sheets of the book are switched off.
 */
export function agentRules(
  tree: SourceTree,
  element: number,
  withHints: boolean,
  dialect: Dialect,
): readonly AgentRule[] {
  const name = nameOf(tree, element);
  if (dialect === 'fiction-book') return fictionBookRules(tree, element, name);
  const rules: AgentRule[] = [];
  if (name === 'form' && TABLE_FORM_PARENTS.has(nameOf(tree, parentOf(tree, element)))) {
    rules.push({ declarations: displayed('none', true), specificity: NAME + NAME });
  }
  if (name === 'span' && localAttributeOf(tree, element, 'type') === 'pagebreak') {
    rules.push({ declarations: displayed('none'), specificity: NAME_AND_ATTRIBUTE });
  }
  if (name === 'nobr') rules.push({ declarations: spaced('nowrap'), specificity: NAME });
  if (name === 'wbr' && isInside(tree, element, 'nobr')) {
    rules.push({ declarations: spaced('normal'), specificity: NAME + NAME });
  }
  if (withHints) rules.push(...hintsOf(tree, element, name));
  return rules;
}

/** The rules of the style sheet for FictionBooks (RULES.md R37). */
function fictionBookRules(tree: SourceTree, element: number, name: string): AgentRule[] {
  if (name === 'nobr') return [{ declarations: spaced('nowrap'), specificity: NAME }];
  if (name === 'image' && (isInside(tree, element, 'p') || isInside(tree, element, 'li'))) {
    return [{ declarations: displayed('inline'), specificity: NAME + NAME }];
  }
  if (name === 'title' && isInNotes(tree, element)) {
    return [{ declarations: displayed('run-in'), specificity: NAME_AND_ATTRIBUTE + NAME + NAME }];
  }
  return [];
}

/** A title of a section of a body that holds notes. */
function isInNotes(tree: SourceTree, title: number): boolean {
  let isInSection = false;
  for (let at = parentOf(tree, title); at > 0; at = parentOf(tree, at)) {
    tree.work.spend(1);
    const name = nameOf(tree, at);
    if (name === 'section') isInSection = true;
    if (name !== 'body' || !isInSection) continue;
    const kind = localAttributeOf(tree, at, 'name');
    if (kind === 'notes' || kind === 'comments') return true;
  }
  return false;
}

/** The mark of a note has a character before it (RULES.md R37). */
export function hasContentBefore(tree: SourceTree, element: number, dialect: Dialect): boolean {
  return (
    dialect === 'fiction-book' &&
    nameOf(tree, element) === 'a' &&
    localAttributeOf(tree, element, 'type') === 'note'
  );
}

function hintsOf(tree: SourceTree, element: number, name: string): AgentRule[] {
  const rules: AgentRule[] = [];
  const display = defaultDisplay(name, 'chapter');
  const has = (attribute: string): boolean => crengineAttributeOf(tree, element, attribute) !== undefined;
  if (has('hidden')) {
    // Parts of tables stay what they are.
    const isPart = display.startsWith('table-') && name !== 'caption';
    rules.push({ declarations: displayed(isPart ? display : 'none'), specificity: ATTRIBUTE });
  }
  if (name === 'input' && crengineAttributeOf(tree, element, 'type')?.toLowerCase() === 'hidden') {
    rules.push({ declarations: displayed('none'), specificity: NAME_AND_ATTRIBUTE });
  }
  if (name === 'pre' && has('wrap'))
    rules.push({ declarations: spaced('pre-wrap'), specificity: NAME_AND_ATTRIBUTE });
  if ((name === 'th' || name === 'td') && has('nowrap')) {
    rules.push({ declarations: spaced('nowrap'), specificity: NAME_AND_ATTRIBUTE });
  }
  if (ALIGNED.has(name)) {
    const side = crengineAttributeOf(tree, element, 'align')?.toLowerCase();
    if (side === 'left' || side === 'right') {
      const float = { value: side, isImportant: false };
      rules.push({ declarations: { ...NOTHING, float }, specificity: NAME_AND_ATTRIBUTE });
    }
  }
  return rules;
}

function displayed(value: string, isImportant = false): StyleDeclarations {
  return { ...NOTHING, display: { value, isImportant } };
}

function spaced(value: string): StyleDeclarations {
  return { ...NOTHING, whiteSpace: { value, isImportant: false } };
}

function isInside(tree: SourceTree, element: number, name: string): boolean {
  for (let at = parentOf(tree, element); at > 0; at = parentOf(tree, at)) {
    tree.work.spend(1);
    if (nameOf(tree, at) === name) return true;
  }
  return false;
}
