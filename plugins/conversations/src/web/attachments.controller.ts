import { Readable } from 'node:stream';
import { Controller, Get, Param, Post, Query, Req, Res, SetMetadata, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import { refuseEncoded } from '@sluice/plugin-api';
import { z } from 'zod';
import type { Attachment } from '../contract.js';
import { ConversationsGuard, Visitor, type Visit } from './access.js';
import { shownProblem } from './problem.js';
import { Id } from './shapes.js';

const UploadQuery = z.strictObject({
  name: z.string().min(1).max(500).describe('name of the file'),
  shown: z.stringbool().default(true).describe('false: data for programs, which the page does not show'),
});

/** The part of Fastify's request that this controller uses. The host passes the body as a stream, see `streamedBody`. */
interface UploadRequest {
  readonly body?: Readable;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The part of Fastify's reply that this controller uses. */
interface Answer {
  headers(headers: Readonly<Record<string, string>>): this;
  send(body: Readable): unknown;
}

/** Types that browsers show without running anything. All others are sent as bytes without a type, and are saved. */
const PASSIVE = /^(image\/(png|jpeg|gif|webp|avif|bmp)|audio\/[a-z0-9.+-]+|video\/[a-z0-9.+-]+)$/;

/** Files that people attach to messages. */
@ApiTags('conversations')
@ApiBearerAuth()
@UseGuards(ConversationsGuard)
@Controller('api/conversations/:connection/attachments')
export class AttachmentsController {
  @Post()
  @SetMetadata('__fastify_route_config__', { streamedBody: true })
  @ApiConsumes('*/*')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiOperation({
    summary:
      'Uploads a file, which is the body. A message contains it afterwards; one that no message contains is deleted after a day',
  })
  async upload(
    @Visitor() { conversations, actor }: Visit,
    @Query({ schema: UploadQuery }) { name, shown }: z.output<typeof UploadQuery>,
    @Req() { body, headers }: UploadRequest,
  ): Promise<Attachment> {
    return shownProblem(async () => {
      refuseEncoded(headers['content-encoding']);
      const length = headers['content-length'];
      return conversations.attachments.upload(actor, {
        name,
        type: headers['x-streamed-content-type'] ?? '',
        isShown: shown,
        chunks: body ?? Readable.from([]),
        announced: length === undefined ? undefined : Number(length),
      });
    });
  }

  @Get(':id')
  @ApiOperation({ summary: 'Returns the bytes of a file' })
  async download(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Res() answer: Answer,
  ): Promise<void> {
    const { attachment, bytes } = await shownProblem(() => conversations.attachments.open(actor, id));
    const isPassive = PASSIVE.test(attachment.type);
    answer
      .headers({
        'content-type': isPassive ? attachment.type : 'application/octet-stream',
        'content-length': `${attachment.bytes}`,
        'content-disposition': `${isPassive ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeName(attachment.name)}`,
        'content-security-policy': "sandbox; default-src 'none'",
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, max-age=86400, immutable',
      })
      .send(Readable.from(bytes));
  }
}

/** Encodes a name as https://www.rfc-editor.org/rfc/rfc8187#section-3.2 requires. */
function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
