interface BarProps {
  /** 0 to 1; `undefined`: it is not known how much there is. */
  readonly fraction: number | undefined;
  readonly label: string;
}

/** A progress bar. */
export function Bar({ fraction, label }: BarProps) {
  return <progress max={1} {...(fraction === undefined ? {} : { value: fraction })} aria-label={label} />;
}
