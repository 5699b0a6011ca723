import { Controller, Get, Header } from '@nestjs/common';
import { HostServices } from './host-services.js';

/** Path and name of the page of each plugin that has one. */
const PAGES: Readonly<Record<string, readonly [path: string, name: string]>> = {
  timeline: ['/timeline', 'Timeline: the booking journal'],
};

/** Serves the start page of a host. The page contains no data and is public. */
@Controller()
export class HomeController {
  constructor(private readonly services: HostServices) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header(
    'content-security-policy',
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  )
  home(): string {
    const used = new Set([...this.services.workspace.connections.values()].map(({ plugin }) => plugin));
    const pages = Object.entries(PAGES).flatMap(([plugin, page]) => (used.has(plugin) ? [page] : []));
    const links = [
      ...pages,
      ['/health/ready', 'Health: can events be accepted?'],
      ['/api/docs', 'API: status, parked runs, replay (with a token of the operator)'],
      ['/metrics', 'Metrics for Prometheus'],
    ];
    const items = links.map(([path, name]) => `<li><a href="${path}">${path}</a> ${name}</li>`).join('\n');
    return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sluice</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}code{background:#8882;padding:.1em .3em}</style>
<h1>Sluice</h1>
<p>This host runs. Events are sent to <code>POST /events/&lt;type&gt;</code>, requests for flows to <code>/in/…</code>, both with a token:
<code>npx sluice token --sub me</code>. In a terminal: <code>npx sluice status</code>, <code>npx sluice doctor</code>.</p>
<ul>
${items}
</ul>
</html>
`;
  }
}
