import { Controller, Get, Headers, NotFoundException, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { asset } from './assets.js';

/** Of Fastify's reply, what is needed here. */
interface Answer {
  code(status: number): this;
  headers(headers: Readonly<Record<string, string>>): this;
  send(body?: Buffer): unknown;
}

/**
 * The page's files hold no data, so they are open to all. Scripts come from here only: a client's name that is a script is not run even
 * where it should ever get into the page as HTML.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // vis-timeline writes attributes `style` into what it draws
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
