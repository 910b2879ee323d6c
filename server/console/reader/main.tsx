import { render } from 'preact';
import '../style/base.css';
import '../style/parts.css';
import './reader.css';
import { ReaderPage } from './reader-page.jsx';

const [, bookId = ''] = /\/ui\/read\/(\d+)/.exec(globalThis.location.pathname) ?? [];
render(<ReaderPage bookId={bookId} />, document.body);
