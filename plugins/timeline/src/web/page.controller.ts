import { Controller, Get, Headers, NotFoundException, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { asset } from './assets.js';

/** The part of Fastify's reply that this controller uses. */
interface Answer {
  code(status: number): this;
  headers(headers: Readonly<Record<string, string>>): this;
  send(body?: Buffer): unknown;
}

/**
 * Content security policy. The files of the page contain no data and are public. Scripts may come from this host only, so that a script in
 * a client's name would not run even if it got into the page as HTML.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // vis-timeline writes `style` attributes
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

@ApiExcludeController()
@Controller('timeline')
export class PageController {
  @Get()
  page(@Headers() headers: Record<string, string>, @Res() answer: Answer): Promise<void> {
    return this.#send('index.html', headers, answer);
  }

  @Get(':file')
  file(@Param('file') file: string, @Headers() headers: Record<string, string>, @Res() answer: Answer): Promise<void> {
    return this.#send(file, headers, answer);
  }

  @Get('vendor/:file')
  vendor(@Param('file') file: string, @Headers() headers: Record<string, string>, @Res() answer: Answer): Promise<void> {
    return this.#send(`vendor/${file}`, headers, answer);
  }

  async #send(name: string, asked: Record<string, string>, answer: Answer): Promise<void> {
    const found = await asset(name);
    if (!found) throw new NotFoundException();
    answer.headers({
      'cache-control': 'no-cache',
      etag: found.etag,
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': POLICY,
    });
    if (asked['if-none-match'] === found.etag) {
      answer.code(304).send();
      return;
    }
    const isZipped = /\bgzip\b/.test(asked['accept-encoding'] ?? '');
    answer
      .headers({ 'content-type': found.type, ...(isZipped && { 'content-encoding': 'gzip' }) })
      .send(isZipped ? found.zipped : found.body);
  }
}
