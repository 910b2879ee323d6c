/** @param loser the user whose name reaches Dogear in the same form as the name that was given; `null`: nobody */
export function HeaderWarning({ loser }: { readonly loser: string | null }) {
  if (loser === null) return null;
  return (
    <p class="problem" role="status">
      Readers of {loser} can no longer log in with name and password: the new name looks the same when a
      reader sends it. Give {loser} an address with an API key.
    </p>
  );
}
