import { render } from 'preact';
import './style/base.css';
import './style/parts.css';
import './style/shell.css';
import { App } from './app.jsx';
import { followLinks } from './router.js';
import { loadSession } from './session.js';

followLinks();
void loadSession();
render(<App />, document.body);
