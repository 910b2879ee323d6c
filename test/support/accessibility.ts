import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * What keeps people from using a page: the serious and critical findings of axe-core, with the first elements of each.
 * It runs beside the page's scripts, not under its Content-Security-Policy.
 */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  // Without `preload`, which would fetch the style sheets again.
  const findings = await page.evaluate<AxeResults['violations']>(
    'axe.run(document, { preload: false, resultTypes: ["violations"] }).then(({ violations }) => violations)',
  );
  return findings
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => {
      const where = nodes.slice(0, 3).map(({ html, failureSummary }) => `${html}: ${failureSummary ?? ''}`);
      return `${id} (${help}): ${where.join('; ').replaceAll(/\s+/g, ' ')}`;
    });
}
