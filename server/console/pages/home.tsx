import { useMe } from '../session.js';

export function Home() {
  const me = useMe();
  return (
    <header class="page-head">
      <h1>Hello, {me.name}</h1>
    </header>
  );
}
