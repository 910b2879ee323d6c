import { useEffect } from 'preact/hooks';
import { PAGES } from './pages.jsx';
import { Setup } from './pages/setup.jsx';
import { SignIn } from './pages/sign-in.jsx';
import { Empty, Problem } from './parts/problem.jsx';
import { matchPath, path } from './router.js';
import { loadSession, session } from './session.js';
import { Shell } from './shell.jsx';

/** The first thing that everybody sees: what the address names, or the way in. */
export function App() {
  const current = session.value;
  if (path.value === 'setup') return <Setup />;
  switch (current.state) {
    case 'unknown':
      return null;
    case 'unreachable':
      return (
        <div class="door">
          <main>
            <Problem error={current.error}>
              <button type="button" onClick={() => void loadSession()}>
                Try again
              </button>
            </Problem>
          </main>
        </div>
      );
    case 'signed-out':
      return <SignIn hasEnded={current.hasEnded} />;
    case 'signed-in':
      return (
        <Shell>
          <CurrentPage />
        </Shell>
      );
    default:
      return current satisfies never;
  }
}

function CurrentPage() {
  const at = path.value;
  const found = PAGES.flatMap((page) => {
    const params = matchPath(page.pattern, at);
    return params === undefined ? [] : [{ page, params }];
  })[0];
  const title = found?.page.title ?? 'No such page';
  useEffect(() => {
    document.title = `${title} · Dogear`;
  }, [title]);
  if (found === undefined) {
    return <Empty says="There is no such page. The address may be mistyped, or the page has moved." />;
  }
  const Page = found.page.show;
  // A page begins anew when its address names something else.
  return <Page key={at} params={found.params} />;
}
