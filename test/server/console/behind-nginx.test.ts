import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { md5 } from '../../support/book-folder.js';
import { pathOf } from '../../support/console-global-setup.js';
import { SQLITE } from '../../support/databases.js';
import { freePort } from '../../support/free-port.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { TLS_FILES } from '../probe/probed-program.js';
import { KoreaderDevice } from './console-client.js';
import { OWNER, setUpOwner, startConsole } from './console-program.js';
import { heading, visit } from './visit.js';

const START_DEADLINE_MS = 20_000;

/** Starts nginx with the configuration that server/OPERATING.md shows, but with other ports, files and names. */
async function startNginx(serverPort: string, port: number): Promise<void> {
  const { path } = await temporaryFolder();
  const text = readFileSync(join(repositoryRoot, 'server/OPERATING.md'), 'utf8');
  const [, shown = ''] = /```nginx\n(upstream dogear.*?)```/s.exec(text) ?? [];
  const configuration = shown
    .replace('127.0.0.1:8364', `127.0.0.1:${serverPort}`)
    .replace('listen 443 ssl', `listen 127.0.0.1:${String(port)} ssl`)
    .replace(/(?<=ssl_certificate +)\S+(?=;)/, TLS_FILES.certificate)
    .replace(/(?<=ssl_certificate_key +)\S+(?=;)/, TLS_FILES.key)
    .replace('books.example.org', 'localhost')
    .replace('/var/log/nginx/dogear.log', join(path, 'access.log'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(path, name)};`,
  );
  const file = join(path, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off;\nmaster_process off;\npid ${join(path, 'pid')};\nevents {}\nhttp {\n${temporary.join('\n')}\n${configuration}}\n`,
  );
  const nginx = spawn(pathOf(inject('nginx')), ['-p', path, '-c', file, '-e', join(path, 'error.log')], {
    stdio: ['ignore', 2, 2],
  });
  const exit = once(nginx, 'exit');
  onTestFinished(async () => {
    nginx.kill('SIGKILL');
    await exit;
  });
  await expect
    .poll(
      () =>
        fetch(`http://127.0.0.1:${String(port)}/`).then(
          ({ status }) => status,
          () => 0,
        ),
      {
        timeout: START_DEADLINE_MS,
      },
    )
    .toBe(400); // "The plain HTTP request was sent to HTTPS port"
}

const browser = testBrowser({ takesAnyCertificate: true });

it('works behind nginx with TLS and a path in front, as OPERATING.md shows it', async () => {
  const database = await SQLITE.create();
  const nginxPort = await freePort();
  const publicUrl = `https://localhost:${String(nginxPort)}/dogear`;
  const program = await startConsole(database.url, {
    basePath: '/dogear',
    settings: [
      `server.public_url=${publicUrl}`,
      'server.trusted_proxies=127.0.0.1',
      'sync.unknown_documents.api_key=store',
    ],
  });
  onTestFinished(() => program.close());
  await setUpOwner(program);
  await startNginx(new URL(program.origin).port, nginxPort);

  const { context, page, requests } = await visit(browser(), publicUrl);
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await heading(page, /aaron/);
  const cookies = await context.cookies(`${publicUrl}/api/v1/me`);
  expect(cookies).toMatchObject([{ secure: true, httpOnly: true, sameSite: 'Strict' }]);

  // A link, a deep address, and the history of the browser.
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'API keys' }).click();
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Kobo');
  await page.getByRole('button', { name: 'Make the key' }).click();
  const address = await page.getByLabel(/Custom sync server/).inputValue();
  expect(address.startsWith(`${publicUrl}/koreader/`)).toBe(true);
  await page.goto(`${publicUrl}/ui/reading`);
  await page.getByText('Nothing read yet').waitFor();

  // The event stream comes through nginx.
  const document = md5('read behind nginx');
  await new KoreaderDevice(address, 'Kobo').push({ document, percentage: 0.5 });
  await page.getByText(document).waitFor();
  await page.goBack();
  await heading(page, 'API keys');
  expect(requests().filter((request) => !/^\w+ \/dogear\/(?:ui|api)\//.test(request))).toEqual([]);
});
