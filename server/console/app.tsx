import { useEffect } from 'preact/hooks';
import { PAGES } from './pages.jsx';
import { Setup } from './pages/setup.jsx';
import { SignIn } from './pages/sign-in.jsx';
import { Door } from './parts/door.jsx';
import { useArrival } from './parts/page-title.js';
import { Empty, Problem } from './parts/problem.jsx';
import { go, hrefOf, matchPath, path, secretOfAddress } from './router.js';
import { loadSession, may, session, useMe } from './session.js';
import { Shell } from './shell.jsx';

/** The first thing that everybody sees: what the address names, or the way in. */
export function App() {
  const current = session.value;
  if (path.value === 'setup') return <Setup />;
  // A link of `dogear console` says who comes, also when somebody is signed in already.
  if (path.value === 'sign-in' && secretOfAddress !== '') return <SignIn hasEnded={false} />;
  switch (current.state) {
    case 'unknown':
      return null;
    case 'unreachable':
      return (
        <Door title="Dogear is away">
          <Problem error={current.error}>
            <button type="button" onClick={() => void loadSession()}>
              Try again
            </button>
          </Problem>
        </Door>
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
  const me = useMe();
  const at = path.value;
  const found = PAGES.flatMap((page) => {
    const params = matchPath(page.pattern, at);
    return params === undefined ? [] : [{ page, params }];
  })[0];
  useArrival(found?.page.title ?? 'No such page', at);
  useEffect(() => {
    if (at === 'sign-in') go('', { replace: true });
  }, [at]);
  if (found === undefined) {
    return (
      <div class="stack">
        <h1>No such page</h1>
        <Empty says="The address may be mistyped, or the page has moved.">
          <a href={hrefOf('')}>To the first page</a>
        </Empty>
      </div>
    );
  }
  const { needs, show: Page, title } = found.page;
  if (needs !== undefined && !needs.some((permission) => may(me, permission))) {
    return (
      <div class="stack">
        <h1>{title}</h1>
        <Empty says="You may not use this page. Whoever manages users can give you the permission." />
      </div>
    );
  }
  // A page begins anew when its address names something else.
  return <Page key={at} params={found.params} />;
}
