import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { changes, isConnected } from './live/live.js';
import { PAGES } from './pages.jsx';
import { useAction } from './parts/action.jsx';
import { Brand } from './parts/brand.jsx';
import { Problem } from './parts/problem.jsx';
import { Toast } from './parts/toast.jsx';
import { hrefOf, path } from './router.js';
import { checkSession, may, signOut, useMe } from './session.js';

/** How long the live connection may be away before it is said. */
const LOST_MS = 3000;

export function Shell({ children }: { readonly children: ComponentChildren }) {
  const me = useMe();
  const isOpen = useSignal(false);
  const users = changes.value?.versions.users;
  const seenUsers = useRef(users);
  useEffect(() => {
    // Another tab, or somebody else, may have changed the name or the permissions.
    if (users !== undefined && seenUsers.current !== undefined && users !== seenUsers.current)
      void checkSession();
    seenUsers.current = users ?? seenUsers.current;
  }, [users]);
  const signingOut = useAction();
  const menuButton = useRef<HTMLButtonElement>(null);
  const page = useRef<HTMLElement>(null);
  const first = path.value.split('/')[0];
  const current = (pattern: string) => (pattern === first ? 'page' : undefined);
  return (
    <div class="shell">
      <a
        class="skip"
        href="#page"
        onClick={(event) => {
          // The address keeps naming the page alone.
          event.preventDefault();
          page.current?.focus();
          page.current?.scrollIntoView();
        }}
      >
        Skip to the page
      </a>
      <nav
        aria-label="Pages"
        class={isOpen.value ? 'open' : ''}
        onClick={(event) => {
          if (event.target instanceof Element && event.target.closest('a') !== null) isOpen.value = false;
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || !isOpen.value) return;
          isOpen.value = false;
          menuButton.current?.focus();
        }}
      >
        <div class="bar">
          <Brand />
          <button
            ref={menuButton}
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
            <a key={pattern} href={hrefOf(pattern)} aria-current={current(pattern)}>
              {menu}
            </a>
          ),
        )}
        <div class="who">
          <a href={hrefOf('account')} aria-current={current('account')}>
            Signed in as <b>{me.name}</b>
          </a>
          <button
            type="button"
            class="quiet"
            aria-disabled={signingOut.isRunning}
            onClick={() => void signingOut.run(() => signOut())}
          >
            Sign out
          </button>
          <Problem error={signingOut.error} />
        </div>
      </nav>
      <main id="page" ref={page} tabIndex={-1}>
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
  const isFirst = useRef(true);
  const connected = isConnected.value;
  useEffect(() => {
    if (connected) {
      isShown.value = false;
      // The server ends the stream of a user whose permissions have changed.
      if (!isFirst.current) void checkSession();
      isFirst.current = false;
      return undefined;
    }
    const timer = setInterval(() => {
      isShown.value = true;
      // Perhaps it is not the server that is away: it refuses a session that has ended.
      void checkSession();
    }, LOST_MS);
    return () => clearInterval(timer);
  }, [connected]);
  if (!isShown.value) return null;
  return (
    <p class="offline" role="status">
      Dogear does not answer at the moment. What you see may be old; it goes on by itself.
    </p>
  );
}
