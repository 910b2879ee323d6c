import type { WorldPlan } from './reading-world.js';

const RUN = "globalThis.hacked='yes'";

/** Texts that a page would run, or that would break its layout, if it took them for anything but text. */
export const HOSTILE = {
  script: `<script>${RUN}</script>`,
  image: `<img src=x onerror="${RUN}">`,
  svg: `<svg onload="${RUN}">`,
  link: `"><a href="javascript:${RUN}">`,
  emoji: '📚'.repeat(64),
  /** Written from right to left, with an override that turns the rest of a careless line around. */
  rightToLeft: 'كتاب الحيوان \u202E nettirwsbus',
  long: 'Donaudampfschiffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(2),
  markup: '&lt;b&gt;${7*7}{{7*7}}%3Cscript%3E',
} as const;

const { script, image, svg, link, emoji, rightToLeft, long, markup } = HOSTILE;

/** Every name of the world is hostile, wherever one can be given from outside. */
export const HOSTILE_PLAN: WorldPlan = {
  libraries: [
    {
      name: image,
      books: [
        // A file name has no slash, and at most 255 bytes.
        { path: `${image.replaceAll('/', '')}.epub`, title: script, authors: link },
        { path: `${svg}/${long}.epub`, title: long, authors: `${emoji}\n${long}` },
        { path: `${rightToLeft}.epub`, title: rightToLeft, authors: rightToLeft },
        { path: `${markup}.epub`, title: markup, authors: svg },
      ],
    },
    {
      name: long.slice(0, 100),
      books: [{ path: `${link.replaceAll('/', '')}.cbz`, title: image, authors: emoji }],
    },
  ],
  users: [emoji, long.slice(0, 64), '<b onclick="alert(1)">mia<i>'],
  readers: [
    { user: 'aaron', keyName: script, device: image, friendlyName: svg, places: [0.2, 0.9, 0.5] },
    { user: 'aaron', keyName: long.slice(0, 100), device: long, places: [0.7, 0.1, undefined, 0.3] },
    {
      user: emoji,
      keyName: 'مفتاح',
      device: rightToLeft,
      places: [0.4, undefined, undefined, undefined, 1],
    },
    {
      user: long.slice(0, 64),
      keyName: emoji,
      device: script,
      friendlyName: emoji,
      places: [0.05],
    },
  ],
  refusedBooks: [
    // A file of this name is in a library.
    { path: `${markup}.epub`, title: image, authors: svg },
    { path: `${long}.epub`, title: long, authors: `${emoji}\n${rightToLeft}` },
  ],
  unknownBook: { path: `${script.replaceAll('/', '')}.epub`, title: link, authors: script },
};
