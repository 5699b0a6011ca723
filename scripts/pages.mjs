// npm run pages: builds the web pages whose inputs have changed. `npm run page -- <name>` serves one page with hot reload, in front of a running host.
import { buildPages, fromWebUi, pages, viteOptions } from './lib/pages.mjs';

const HOST = process.env.SLUICE_URL ?? 'http://127.0.0.1:3000';
const [command, name] = process.argv.slice(2);

if (command === undefined) {
  for (const built of await buildPages()) console.error(`plugins/${built}/dist/page: built`);
} else if (command === 'serve' && pages().includes(name)) {
  const { createServer } = await fromWebUi('vite');
  const proxy = { '/api': HOST, '/stomp': { target: HOST, ws: true } };
  const server = await createServer({ ...(await viteOptions(name)), logLevel: 'info', server: { proxy } });
  await server.listen();
  server.printUrls();
} else {
  console.error(`usage: npm run page -- <${pages().join(' | ')}>`);
  process.exitCode = 1;
}
