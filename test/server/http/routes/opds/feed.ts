import { SaxesParser } from 'saxes';

/** An element of a feed. */
export interface FeedElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: FeedElement[];
  text: string;
}

/** Parses XML strictly. Throws when it is not well-formed. */
export function parseXml(xml: string): FeedElement {
  const root: FeedElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const parser = new SaxesParser({ xmlns: false });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: FeedElement = { name, attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('text', (text) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(xml).close();
  const [top] = root.children;
  if (top === undefined) throw new Error('there is no element');
  return top;
}

export function childrenNamed(element: FeedElement, name: string): readonly FeedElement[] {
  return element.children.filter((child) => child.name === name);
}

export function textOf(element: FeedElement, name: string): string | undefined {
  return childrenNamed(element, name)[0]?.text;
}

/** The address of the first link of this relation. */
export function linkTo(element: FeedElement, rel: string): string | undefined {
  return childrenNamed(element, 'link').find(({ attributes }) => attributes['rel'] === rel)?.attributes[
    'href'
  ];
}

export function titlesOf(feed: FeedElement): readonly (string | undefined)[] {
  return childrenNamed(feed, 'entry').map((entry) => textOf(entry, 'title'));
}
