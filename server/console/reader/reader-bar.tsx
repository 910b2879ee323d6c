import type { ComponentChildren } from 'preact';
import { BASE } from '../base-path.js';
import type { OpenedBook } from './reader-page.jsx';

interface ReaderBarProps {
  readonly opened: OpenedBook;
  readonly children: ComponentChildren;
}

/** What is above every book: the way back, the title, and the buttons of its kind. */
export function ReaderBar({ opened: { book, title }, children }: ReaderBarProps) {
  return (
    <header class="reader-bar">
      <a class="button" href={`${BASE}/ui/books/${String(book.id)}`} aria-label="Close the book">
        ✕
      </a>
      <h1>{title}</h1>
      {children}
    </header>
  );
}
