import { html, type TreeAdapter, type TreeAdapterTypeMap, type Token } from 'parse5';
import type { Work } from '../work.js';
import { DocumentLimitError, MAX_DEPTH } from '../source/source-tree-builder.js';

/** A node of the tree that parse5 builds. The nodes are linked, so that moving one takes constant time. */
export interface HtmlNode {
  readonly type: 'document' | 'fragment' | 'element' | 'text' | 'comment' | 'doctype';
  readonly name: string;
  readonly namespace: html.NS;
  readonly attributes: Token.Attribute[];
  readonly text: string;
  parent: HtmlNode | undefined;
  first: HtmlNode | undefined;
  last: HtmlNode | undefined;
  previous: HtmlNode | undefined;
  next: HtmlNode | undefined;
  templateContent: HtmlNode | undefined;
  location: Partial<Token.ElementLocation> | undefined;
}

export interface HtmlTypes extends TreeAdapterTypeMap<
  HtmlNode,
  HtmlNode,
  HtmlNode,
  HtmlNode,
  HtmlNode,
  HtmlNode,
  HtmlNode,
  HtmlNode,
  HtmlNode,
  HtmlNode
> {
  readonly node: HtmlNode;
}

/**
 * An HTML parser may build far more elements than a malformed document has tags, because it opens formatting elements
 * again in each paragraph. At 250 bytes each these are 50 MB.
 */
const MAX_HTML_NODES = 200_000;
/** For misnested formatting elements parse5 moves the children of a block, once for each end tag. */
const MAX_MOVED_NODES = 200_000;
/** parse5 searches the open elements for each tag. */
const NODE_STEPS = 8;

/**
 * Builds `HtmlNode`s. Pieces of text that are apart in the source are nodes of their own. parse5 sets the location
 * of a text right after inserting it, and finds the node by asking for the children of its parent. `getChildNodes`
 * then returns only that text, and the node after it.
 */
export function htmlTreeAdapter(work: Work): TreeAdapter<HtmlTypes> {
  let nodeCount = 0;
  let movedCount = 0;
  let depth = 0;
  let documentMode: html.DOCUMENT_MODE = html.DOCUMENT_MODE.NO_QUIRKS;
  let inserted: HtmlNode[] | undefined;

  const create = (
    type: HtmlNode['type'],
    name: string,
    namespace: html.NS = html.NS.HTML,
    text = '',
    attributes: Token.Attribute[] = [],
  ): HtmlNode => {
    nodeCount += 1;
    work.spend(NODE_STEPS);
    if (nodeCount > MAX_HTML_NODES) throw new DocumentLimitError('too many nodes in a malformed document');
    return {
      type,
      name,
      namespace,
      attributes,
      text,
      parent: undefined,
      first: undefined,
      last: undefined,
      previous: undefined,
      next: undefined,
      templateContent: undefined,
      location: undefined,
    };
  };

  const insert = (parent: HtmlNode, node: HtmlNode, next: HtmlNode | undefined): void => {
    const previous = next === undefined ? parent.last : next.previous;
    node.parent = parent;
    node.previous = previous;
    node.next = next;
    if (previous === undefined) parent.first = node;
    else previous.next = node;
    if (next === undefined) parent.last = node;
    else next.previous = node;
  };

  return {
    createDocument: () => create('document', '#document'),
    createDocumentFragment: () => create('fragment', '#fragment'),
    createElement: (tagName, namespace, attributes) =>
      // parse5 asks only for the attributes of this element again. The others would only cost memory.
      create('element', tagName, namespace, '', tagName === 'annotation-xml' ? attributes : []),
    createCommentNode: () => create('comment', '#comment'),
    createTextNode: (text) => create('text', '#text', html.NS.HTML, text),
    appendChild: (parent, node) => insert(parent, node, undefined),
    insertBefore: (parent, node, next) => insert(parent, node, next),
    insertText: (parent, text) => {
      const node = create('text', '#text', html.NS.HTML, text);
      insert(parent, node, undefined);
      inserted = [node];
    },
    insertTextBefore: (parent, text, next) => {
      const node = create('text', '#text', html.NS.HTML, text);
      insert(parent, node, next);
      inserted = [node, next];
    },
    detachNode: (node) => {
      movedCount += 1;
      work.spend(1);
      if (movedCount > MAX_MOVED_NODES) throw new DocumentLimitError('too much misnesting');
      detach(node);
    },
    getChildNodes: (node) => {
      const justInserted = inserted;
      inserted = undefined;
      return justInserted ?? htmlChildrenOf(node);
    },
    setNodeSourceCodeLocation: (node, location) => {
      node.location = location ?? undefined;
      const before = node.previous?.location;
      // parse5 gives words and spaces as separate tokens. Two that touch in the source are one text.
      if (node.type !== 'text' || location === null || before === undefined) return;
      if (node.previous?.type !== 'text' || before.endOffset !== location.startOffset) return;
      before.endOffset = location.endOffset;
      detach(node);
      nodeCount -= 1;
    },
    updateNodeSourceCodeLocation: (node, location) => {
      node.location = { ...node.location, ...location };
    },
    // The location of a text is complete when it is set: without it here, parse5 does not extend it.
    getNodeSourceCodeLocation: (node) =>
      node.type === 'element' && isWhole(node.location) ? node.location : undefined,
    onItemPush: () => {
      work.spend(1);
      depth += 1;
      if (depth > MAX_DEPTH) throw new DocumentLimitError('elements are nested too deeply');
    },
    onItemPop: () => {
      depth -= 1;
    },
    setTemplateContent: (template, content) => {
      template.templateContent = content;
    },
    getTemplateContent: (template) => template.templateContent ?? template,
    adoptAttributes: () => undefined,
    setDocumentMode: (_document, mode) => {
      documentMode = mode;
    },
    getDocumentMode: () => documentMode,
    setDocumentType: () => undefined,
    getFirstChild: (node) => node.first ?? null,
    getParentNode: (node) => node.parent ?? null,
    getAttrList: (element) => element.attributes,
    getTagName: (element) => element.name,
    getNamespaceURI: (element) => element.namespace,
    getTextNodeContent: (node) => node.text,
    getCommentNodeContent: (node) => node.text,
    getDocumentTypeNodeName: () => '',
    getDocumentTypeNodePublicId: () => '',
    getDocumentTypeNodeSystemId: () => '',
    isTextNode: (node): node is HtmlNode => node.type === 'text',
    isCommentNode: (node): node is HtmlNode => node.type === 'comment',
    isDocumentTypeNode: (node): node is HtmlNode => node.type === 'doctype',
    isElementNode: (node): node is HtmlNode => node.type === 'element',
  };
}

function detach(node: HtmlNode): void {
  if (node.parent === undefined) return;
  if (node.previous === undefined) node.parent.first = node.next;
  else node.previous.next = node.next;
  if (node.next === undefined) node.parent.last = node.previous;
  else node.next.previous = node.previous;
  node.parent = undefined;
  node.previous = undefined;
  node.next = undefined;
}

function htmlChildrenOf(node: HtmlNode): HtmlNode[] {
  const children: HtmlNode[] = [];
  for (let child = node.first; child !== undefined; child = child.next) children.push(child);
  return children;
}

function isWhole(location: Partial<Token.ElementLocation> | undefined): location is Token.ElementLocation {
  return location?.startOffset !== undefined;
}
