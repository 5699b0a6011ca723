import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Paths of Chromium on Debian and other distributions. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FOUND = PLACES.find((place) => existsSync(place));
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Chromium. Throws if it is not installed. */
export async function startBrowser(): Promise<Browser> {
  if (FOUND === undefined) throw new Error(`no Chromium at ${PLACES.join(', ')}: npm run setup:services installs it on Debian`);
  return chromium.launch({ executablePath: FOUND, args: FLAGS });
}

/** Saves a screenshot for manual review in the folder `SLUICE_SCREENSHOTS`, if it is set. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['SLUICE_SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
