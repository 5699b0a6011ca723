import { Module } from '@nestjs/common';
import { AttachmentsController } from './attachments.controller.js';
import { DiscussionsController } from './discussions.controller.js';
import { MessagesController } from './messages.controller.js';

/** The HTTP endpoints of all conversations of a workspace. */
@Module({ controllers: [DiscussionsController, MessagesController, AttachmentsController] })
export class ConversationsModule {}
