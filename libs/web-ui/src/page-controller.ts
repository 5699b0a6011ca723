import { Controller, Get, Headers, NotFoundException, Param, Res, type Type } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { fileURLToPath } from 'node:url';
import { PageFiles } from './page-files.js';

/** The part of Fastify's reply that the controller uses. */
interface Reply {
  code(status: number): this;
  headers(headers: Readonly<Record<string, string>>): this;
  send(body?: Buffer): unknown;
}

/**
 * Content security policy of the pages. The files contain no data and are public. Scripts and styles come from this host only and as files, so that a
 * script in the name of a client would not run even if it got into the page as HTML. `'self'` of connect-src includes WebSockets to this host
 * (https://www.w3.org/TR/CSP3/#match-url-to-source-expression).
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const YEAR_S = 365 * 24 * 60 * 60;

/**
 * Returns a controller that serves the built page of a plugin. `index.html` is validated by its etag on each visit; files in `assets`, whose names contain
 * a hash, are kept by browsers for a year. An unknown name is answered with 404.
 *
 * @param route first part of the address and `base` of the build, such as `timeline`
 * @param folder folder that contains the build: `new URL('../dist/page/', import.meta.url)`
 */
export function pageController(route: string, folder: URL): Type {
  const files = new PageFiles(fileURLToPath(folder));

  @ApiExcludeController()
  @Controller(route)
  class PageController {
    @Get()
    page(@Headers() headers: Record<string, string>, @Res() reply: Reply): Promise<void> {
      return this.#send('index.html', headers, reply);
    }

    @Get(':file')
    file(@Param('file') file: string, @Headers() headers: Record<string, string>, @Res() reply: Reply): Promise<void> {
      return this.#send(file, headers, reply);
    }

    @Get('assets/:file')
    asset(@Param('file') file: string, @Headers() headers: Record<string, string>, @Res() reply: Reply): Promise<void> {
      return this.#send(`assets/${file}`, headers, reply);
    }

    async #send(name: string, request: Record<string, string>, reply: Reply): Promise<void> {
      const found = await files.file(name);
      if (!found) throw new NotFoundException();
      reply.headers({
        'cache-control': found.isImmutable ? `public, max-age=${YEAR_S}, immutable` : 'no-cache',
        etag: found.etag,
        vary: 'accept-encoding',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-security-policy': POLICY,
      });
      if (request['if-none-match'] === found.etag) {
        reply.code(304).send();
        return;
      }
      const isZipped = /\bgzip\b/.test(request['accept-encoding'] ?? '');
      reply
        .headers({ 'content-type': found.type, ...(isZipped && { 'content-encoding': 'gzip' }) })
        .send(isZipped ? found.zipped : found.body);
    }
  }
  return PageController;
}
