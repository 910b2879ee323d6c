import type { ComponentType } from 'preact';
import { About } from './pages/about.jsx';
import { Account } from './pages/account.jsx';
import { ApiKeys } from './pages/api-keys.jsx';
import { BookPage } from './pages/book.jsx';
import { Books } from './pages/books.jsx';
import { Devices } from './pages/devices.jsx';
import { DocumentPage } from './pages/document.jsx';
import { Home } from './pages/home.jsx';
import { KoreaderSetup } from './pages/koreader.jsx';
import { Libraries } from './pages/libraries.jsx';
import { Library } from './pages/library.jsx';
import { NewUser } from './pages/new-user.jsx';
import { Reading } from './pages/reading.jsx';
import { ScanPage } from './pages/scan.jsx';
import { UnmatchedPage } from './pages/unmatched.jsx';
import { User } from './pages/user.jsx';
import { Users } from './pages/users.jsx';
import type { Permission } from './session.js';

export interface PageProps {
  /** The parts of the address that the pattern names, decoded. */
  readonly params: readonly string[];
}

export interface PageDescription {
  /** Below `ui/`: `books/:id`. */
  readonly pattern: string;
  readonly title: string;
  readonly show: ComponentType<PageProps>;
  /** Its name in the list of pages; absent: it is reached from another page. */
  readonly menu?: string;
  /** Who finds it in the list of pages: whoever has one of these; absent: everybody. */
  readonly needs?: readonly Permission[];
}

const READERS: readonly Permission[] = ['feature:koreader_sync', 'user:manage'];
const SYNCS: readonly Permission[] = ['feature:koreader_sync'];
const MANAGES_USERS: readonly Permission[] = ['user:manage'];

/** Every page behind the sign-in, in the order of the list. Of two patterns that fit, the first one counts. */
export const PAGES: readonly PageDescription[] = [
  { pattern: '', title: 'Home', show: Home, menu: 'Home' },
  { pattern: 'libraries', title: 'Libraries', show: Libraries, menu: 'Libraries' },
  { pattern: 'libraries/:id', title: 'Library', show: Library },
  { pattern: 'scans/:id', title: 'Scan', show: ScanPage },
  { pattern: 'books', title: 'Books', show: Books, menu: 'Books' },
  { pattern: 'books/:id', title: 'Book', show: BookPage },
  { pattern: 'reading', title: 'Reading', show: Reading, menu: 'Reading', needs: READERS },
  { pattern: 'reading/:document', title: 'Reading', show: DocumentPage },
  {
    pattern: 'unmatched',
    title: 'Unmatched documents',
    show: UnmatchedPage,
    menu: 'Unmatched',
    needs: SYNCS,
  },
  { pattern: 'devices', title: 'Devices', show: Devices, menu: 'Devices', needs: READERS },
  {
    pattern: 'api-keys',
    title: 'API keys',
    show: ApiKeys,
    menu: 'API keys',
    needs: ['feature:api_keys', 'user:manage'],
  },
  {
    pattern: 'koreader',
    title: 'Set up KOReader',
    show: KoreaderSetup,
    menu: 'Set up KOReader',
    needs: SYNCS,
  },
  { pattern: 'users', title: 'Users', show: Users, menu: 'Users', needs: MANAGES_USERS },
  { pattern: 'users/new', title: 'Add a user', show: NewUser, needs: MANAGES_USERS },
  { pattern: 'users/:id', title: 'User', show: User, needs: MANAGES_USERS },
  { pattern: 'about', title: 'About', show: About, menu: 'About' },
  { pattern: 'account', title: 'Your account', show: Account },
];
