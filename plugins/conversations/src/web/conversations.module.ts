import { Module } from '@nestjs/common';
import { pageController } from '@sluice/web-ui/server';
import { AttachmentsController } from './attachments.controller.js';
import { DiscussionsController } from './discussions.controller.js';
import { MessagesController } from './messages.controller.js';
import { PeopleController, PeopleManagementController } from './people.controller.js';
import { RegistrationController, SubscribersController } from './registration.controller.js';
import { SearchController } from './search.controller.js';

/** The page, served at `/conversations`. The same folder from the sources and from the build. */
const Page = pageController('conversations', new URL('../../dist/page/', import.meta.url));

/** The HTTP endpoints of all conversations of a workspace. */
@Module({
  controllers: [
    Page,
    DiscussionsController,
    MessagesController,
    AttachmentsController,
    PeopleController,
    PeopleManagementController,
    SearchController,
    RegistrationController,
    SubscribersController,
  ],
})
export class ConversationsModule {}
