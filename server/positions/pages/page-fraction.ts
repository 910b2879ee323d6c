/**
 * KOReader's fraction of a document with pages is the page divided by their number, cut to four decimals when it is
 * sent. This is the other way round; a cut fraction finds its page again in documents of up to 10,000 pages.
 *
 * @param percentage 0–1; values outside are the first and the last page.
 * @param pageCount at least 1.
 */
export function pageOfPercentage(percentage: number, pageCount: number): number {
  const wanted = Number.isFinite(percentage) ? percentage * pageCount : 0;
  // 0.07 * 100 is a little more than 7; half a ten-thousandth of a page is not a page.
  const page = Math.ceil(wanted - ROUNDING_PAGES);
  return Math.min(Math.max(1, page), Math.max(1, pageCount));
}

const ROUNDING_PAGES = 1e-9;

/** The fraction that KOReader has at a page, counted from 1; a page past the end is the last one. */
export function percentageOfPage(page: number, pageCount: number): number {
  const count = Math.max(1, pageCount);
  return Math.min(Math.max(1, Math.trunc(page)), count) / count;
}
