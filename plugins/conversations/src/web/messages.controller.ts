import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import {
  buttonPress,
  emoji,
  marks,
  messageEdit,
  newMessage,
  type Marks,
  type Message,
  type MessageEdit,
  type MessagePage,
  type MessageVersions,
  type NewMessage,
  type PostResult,
} from '../contract.js';
import { ConversationsGuard, Visitor, type Visit } from './access.js';
import { shownProblem } from './problem.js';
import { Id, MessagesQuery, Seq } from './shapes.js';

const MESSAGES = ':connection/discussions/:id/messages';

/** Messages of discussions, and marks of what was read. */
@ApiTags('conversations')
@ApiBearerAuth()
@UseGuards(ConversationsGuard)
@Controller('api/conversations')
export class MessagesController {
  @Get(MESSAGES)
  @ApiOperation({ summary: 'Returns messages, oldest first: the newest ones, or those after, before or around a seq' })
  async page(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: MessagesQuery }) query: z.output<typeof MessagesQuery>,
  ): Promise<MessagePage> {
    return shownProblem(() => conversations.messages.page(actor, id, query));
  }

  @Post(MESSAGES)
  @HttpCode(200)
  @ApiOperation({ summary: 'Posts a message. A repeated post with the same clientId returns the first message, for 30 days' })
  async post(
    @Visitor() { conversations, caller, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: newMessage }) message: NewMessage,
  ): Promise<PostResult> {
    return shownProblem(async () => {
      conversations.quotas.post(caller);
      return conversations.messages.post(actor, id, message);
    });
  }

  @Get(`${MESSAGES}/:seq`)
  @ApiOperation({ summary: 'Returns a message' })
  async get(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Param('seq', { schema: Seq }) seq: number,
  ): Promise<Message> {
    return shownProblem(() => conversations.messages.get(actor, id, seq));
  }

  @Patch(`${MESSAGES}/:seq`)
  @ApiOperation({ summary: 'Changes a message of the caller. 409 with the current message if its version differs' })
  async edit(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Param('seq', { schema: Seq }) seq: number,
    @Body({ schema: messageEdit }) change: MessageEdit,
  ): Promise<Message> {
    return shownProblem(() => conversations.messages.edit(actor, id, seq, change));
  }

  @Delete(`${MESSAGES}/:seq`)
  @ApiOperation({ summary: 'Deletes a message of the caller, or of anybody (owners). Its seq stays' })
  async delete(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Param('seq', { schema: Seq }) seq: number,
  ): Promise<Message> {
    return shownProblem(() => conversations.messages.delete(actor, id, seq));
  }

  @Get(`${MESSAGES}/:seq/history`)
  @ApiOperation({ summary: 'Returns the earlier versions of a message (its author, and owners)' })
  async history(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Param('seq', { schema: Seq }) seq: number,
  ): Promise<MessageVersions> {
    return shownProblem(() => conversations.messages.history(actor, id, seq));
  }

  @Put(`${MESSAGES}/:seq/reactions/:emoji`)
  @ApiOperation({ summary: 'Adds a reaction of the caller' })
  async react(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Param('seq', { schema: Seq }) seq: number,
    @Param('emoji', { schema: emoji }) reaction: string,
  ): Promise<Message> {
    return shownProblem(() => conversations.messages.react(actor, id, seq, reaction, true));
  }

  @Delete(`${MESSAGES}/:seq/reactions/:emoji`)
  @ApiOperation({ summary: 'Removes a reaction of the caller' })
  async unreact(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Param('seq', { schema: Seq }) seq: number,
    @Param('emoji', { schema: emoji }) reaction: string,
  ): Promise<Message> {
    return shownProblem(() => conversations.messages.react(actor, id, seq, reaction, false));
  }

  @Post(`${MESSAGES}/:seq/buttons/:button`)
  @HttpCode(204)
  @ApiOperation({ summary: 'Presses a button below a message. A repeated press with the same clientId is one press' })
  async press(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Param('seq', { schema: Seq }) seq: number,
    @Param('button') button: string,
    @Body({ schema: buttonPress }) { clientId }: z.output<typeof buttonPress>,
  ): Promise<void> {
    await shownProblem(() => conversations.messages.press(actor, id, seq, button, clientId));
  }

  @Post(':connection/read')
  @HttpCode(204)
  @ApiOperation({ summary: 'Marks messages as read. Marks never move back, and never past the newest message' })
  async read(@Visitor() { conversations, actor }: Visit, @Body({ schema: marks }) body: { marks: Marks }): Promise<void> {
    await shownProblem(() => conversations.messages.read(actor, body.marks));
  }

  @Post(':connection/delivered')
  @HttpCode(204)
  @ApiOperation({ summary: 'Marks messages as received by a client of the caller' })
  async delivered(@Visitor() { conversations, actor }: Visit, @Body({ schema: marks }) body: { marks: Marks }): Promise<void> {
    await shownProblem(() => conversations.messages.delivered(actor, body.marks));
  }

  @Get(':connection/unread')
  @ApiOperation({ summary: 'Returns how many messages are unread, without muted and archived discussions' })
  async unread(@Visitor() { conversations, actor }: Visit): Promise<{ discussions: number; messages: number }> {
    return shownProblem(() => conversations.discussions.unread(actor));
  }
}
