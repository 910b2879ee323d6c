/**
 * A place as the Readium toolkits name it (Readium's Locator model), because these do not read CFIs. Only `href` is
 * required. Further fields make the place more exact.
 */
export interface Locator {
  /** URL of the chapter relative to the archive's root. */
  readonly href: string;
  readonly type?: string | undefined;
  readonly title?: string | undefined;
  readonly locations?: LocatorLocations | undefined;
  readonly text?: LocatorText | undefined;
}

export interface LocatorLocations {
  /** Fraction of the chapter, 0–1. */
  readonly progression?: number | undefined;
  /** Fraction of the book, 0–1. */
  readonly totalProgression?: number | undefined;
  readonly cssSelector?: string | undefined;
  /** The part of a CFI after the `!`. */
  readonly partialCfi?: string | undefined;
  /** Ids of elements. */
  readonly fragments?: readonly string[] | undefined;
}

/** The text at the place and on its two sides. */
export interface LocatorText {
  readonly before?: string | undefined;
  readonly highlight?: string | undefined;
  readonly after?: string | undefined;
}
