/** Names of a list with commas. @throws Error that says which names there are */
export function namesOf<Name extends string>(
  flag: string,
  text: string,
  known: readonly Name[],
): readonly Name[] {
  return text.split(',').map((part) => {
    const name = known.find((each) => each === part.trim());
    if (name === undefined) throw new Error(`${flag}: there is no "${part}"; there are ${known.join('; ')}`);
    return name;
  });
}
