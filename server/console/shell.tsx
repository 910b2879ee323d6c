import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { isConnected } from './live/live.js';
import { PAGES } from './pages.jsx';
import { useAction } from './parts/action.jsx';
import { Toast } from './parts/toast.jsx';
import { hrefOf, path } from './router.js';
import { may, signOut, useMe } from './session.js';

/** How long the live connection may be away before it is said. */
const LOST_MS = 3000;

export function Shell({ children }: { readonly children: ComponentChildren }) {
  const me = useMe();
  const isOpen = useSignal(false);
  const signingOut = useAction();
  const first = path.value.split('/')[0];
  useEffect(() => {
    isOpen.value = false;
  }, [path.value]);
  return (
    <div class="shell">
      <a class="skip" href="#page">
        Skip to the page
      </a>
      <nav aria-label="Pages" class={isOpen.value ? 'open' : ''}>
        <div class="bar">
          <a class="brand" href={hrefOf('')}>
            <img src={hrefOf('icon.svg')} alt="" />
            Dogear
          </a>
          <button
            type="button"
            class="menu-button"
            aria-expanded={isOpen.value}
            onClick={() => (isOpen.value = !isOpen.value)}
          >
            Menu
          </button>
        </div>
        {PAGES.map(({ pattern, menu, needs }) =>
          menu === undefined ||
          (needs !== undefined && !needs.some((permission) => may(me, permission))) ? null : (
            <a key={pattern} href={hrefOf(pattern)} aria-current={pattern === first ? 'page' : undefined}>
              {menu}
            </a>
          ),
        )}
        <div class="who">
          <p>Signed in as {me.name}</p>
          <button
            type="button"
            class="quiet"
            disabled={signingOut.isRunning}
            onClick={() => void signingOut.run(signOut)}
          >
            Sign out
          </button>
        </div>
      </nav>
      <main id="page" tabIndex={-1}>
        <Offline />
        {children}
      </main>
      <Toast />
    </div>
  );
}

/** What a page shows may be old while the server is away. */
function Offline() {
  const isShown = useSignal(false);
  const connected = isConnected.value;
  useEffect(() => {
    if (connected) {
      isShown.value = false;
      return undefined;
    }
    const timer = setTimeout(() => (isShown.value = true), LOST_MS);
    return () => clearTimeout(timer);
  }, [connected]);
  if (!isShown.value) return null;
  return (
    <p class="offline" role="status">
      Dogear does not answer at the moment. What you see may be old; it goes on by itself.
    </p>
  );
}
