import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * What keeps people from using a page: the serious and critical findings of axe-core, with the first elements of each.
 * It runs beside the page's scripts, not under its Content-Security-Policy.
 *
 * @param rules of axe-core; all by default
 */
export async function accessibilityProblems(
  page: Page,
  rules?: readonly string[],
): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const options = {
    // It would fetch the style sheets again.
    preload: false,
    // The pages of books are not Dogear's.
    iframes: false,
    resultTypes: ['violations'],
    ...(rules === undefined ? {} : { runOnly: rules }),
  };
  const findings = await page.evaluate<AxeResults['violations']>(
    `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
  );
  return findings
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => {
      const where = nodes.slice(0, 3).map(({ html, failureSummary }) => `${html}: ${failureSummary ?? ''}`);
      return `${id} (${help}): ${where.join('; ').replaceAll(/\s+/g, ' ')}`;
    });
}
