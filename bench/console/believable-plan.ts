import type { WorldBook, WorldPlan } from '../../test/server/console/reading-world.js';

function book(folder: string, authors: string, title: string, ending = 'epub'): WorldBook {
  return { path: `${folder}/${title}.${ending}`, title, authors };
}

const NOVELS: readonly WorldBook[] = [
  book('Herman Melville', 'Herman Melville', 'Moby-Dick; or, The Whale'),
  book('Jane Austen', 'Jane Austen', 'Pride and Prejudice'),
  book('Mary Shelley', 'Mary Shelley', 'Frankenstein'),
  book('Bram Stoker', 'Bram Stoker', 'Dracula'),
  book('Leo Tolstoy', 'Leo Tolstoy', 'War and Peace'),
  book('Jane Austen', 'Jane Austen', 'Emma'),
  book('Charles Dickens', 'Charles Dickens', 'Great Expectations'),
  book('Charlotte Brontë', 'Charlotte Brontë', 'Jane Eyre'),
  book('Emily Brontë', 'Emily Brontë', 'Wuthering Heights'),
  book('Fyodor Dostoevsky', 'Fyodor Dostoevsky', 'Crime and Punishment'),
  book('Fyodor Dostoevsky', 'Fyodor Dostoevsky', 'The Brothers Karamazov'),
  book('George Eliot', 'George Eliot', 'Middlemarch'),
  book('H. G. Wells', 'H. G. Wells', 'The Time Machine'),
  book('H. G. Wells', 'H. G. Wells', 'The War of the Worlds'),
  book('Jules Verne', 'Jules Verne', 'Twenty Thousand Leagues under the Sea'),
  book('Lewis Carroll', 'Lewis Carroll', "Alice's Adventures in Wonderland"),
  book('Mark Twain', 'Mark Twain', 'Adventures of Huckleberry Finn'),
  book('Miguel de Cervantes', 'Miguel de Cervantes', 'Don Quixote'),
  book('Oscar Wilde', 'Oscar Wilde', 'The Picture of Dorian Gray'),
  book('Robert Louis Stevenson', 'Robert Louis Stevenson', 'Treasure Island'),
];

const COMIC_SERIES = [
  'Barney Google',
  'Bringing Up Father',
  'Happy Hooligan',
  'Katzenjammer Kids',
  'Krazy Kat',
  'Little Nemo in Slumberland',
  'Max und Moritz',
  'Mutt and Jeff',
];
const VOLUMES = 60;
const COMICS: readonly WorldBook[] = COMIC_SERIES.flatMap((series) =>
  Array.from({ length: VOLUMES }, (_, volume) =>
    book(series, '', `${series} ${String(volume + 1).padStart(2, '0')}`, 'cbz'),
  ),
);

/** A household that reads. Titles and authors are in the public domain. */
export const BELIEVABLE_PLAN: WorldPlan = {
  libraries: [
    { name: 'Novels', books: NOVELS },
    { name: 'Comics', books: COMICS },
  ],
  users: ['mia', 'jonas', 'oma inge'],
  readers: [
    {
      user: 'aaron',
      keyName: 'Kobo in the living room',
      device: 'Kobo_nova',
      friendlyName: "Aaron's Kobo Clara",
      places: [0.62, undefined, 0.31, undefined, 0.08],
    },
    { user: 'aaron', keyName: 'Phone', device: 'Pixel 8', places: [0.58, undefined, 0.35] },
    {
      user: 'mia',
      keyName: 'PocketBook',
      device: 'PocketBook_Era',
      friendlyName: "Mia's PocketBook",
      places: [undefined, 0.87, undefined, 0.12],
    },
    { user: 'jonas', keyName: 'Tablet', device: 'SM-T510', places: [undefined, undefined, undefined, 0.45] },
    {
      user: 'oma inge',
      keyName: 'Kindle',
      device: 'KindlePaperWhite5',
      friendlyName: 'Kindle with the large print',
      places: [undefined, 0.23, undefined, undefined, undefined, 0.99],
    },
  ],
  refusedBooks: [
    { path: 'Emma.pdf', title: 'Emma', authors: 'Jane Austen' },
    { path: 'Knitting for beginners.epub', title: 'Knitting for beginners', authors: 'Inge' },
  ],
  unknownBook: { path: 'manual.pdf', title: 'Bread baking at home', authors: 'Aaron' },
};
